package main

import (
	"fmt"
	"io"

	"github.com/payloop/payloop/internal/sandbox"
)

// greet says what is up and how to use it.
func greet(w io.Writer, base string, o options, sb *sandbox.Sandbox) {
	fmt.Fprintf(w, "Sandbox: a local Stripe. No real money moves.\n\n")
	fmt.Fprintf(w, "  API        %s   (any key that begins with sk_test_)\n", base)
	fmt.Fprintf(w, "  Dashboard  %s/_sandbox/\n", base)
	if o.state != "" {
		fmt.Fprintf(w, "  State      %s\n", o.state)
	}
	if o.seed != "" {
		fmt.Fprintf(w, "  Seed       %s\n", o.seed)
	}
	if o.webhook != "" {
		fmt.Fprintf(w, "  Webhook    %s\n  Secret     %s\n", o.webhook, sb.AddWebhook(o.webhook, o.secret))
	}
	fmt.Fprintf(w, `
Test cards (any future expiry, any CVC):
  4242 4242 4242 4242   pays
  4000 0000 0000 0002   declined
  4000 0000 0000 9995   insufficient funds
  4000 0027 6000 3184   asks for 3-D Secure
  4000 0000 0000 0341   pays now, fails at renewal

Ctrl-C stops it.
`)
}
