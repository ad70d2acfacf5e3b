package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/endpoints"
	"github.com/payloop/payloop/internal/events"
	"github.com/payloop/payloop/internal/stripeapi"
)

// webhookPath is where the app takes events, below BASE_URL.
const webhookPath = "/webhooks/stripe"

func webhooksCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "webhooks",
		Short: "Make Stripe send its events here, and rotate the secret they are signed with",
	}, webhooksSetupCommand(), webhooksListCommand(), webhooksRotateCommand())
}

func webhooksSetupCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Make the webhook endpoint in Stripe, or bring the one that is there in line",
		Long: `Makes an endpoint at BASE_URL` + webhookPath + ` that sends exactly the events that are
handled, in API version ` + stripeapi.APIVersion + `, and prints its signing secret for
STRIPE_WEBHOOK_SECRET: Stripe tells it this once. An endpoint that is there
already is enabled, and its events are set; no second one is made. It is safe to
run again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := newHooks(cmd, asJSON, config.Stripe|config.Address)
			if err != nil {
				return err
			}
			return h.setup(cmd.Context())
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func webhooksListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List Stripe's webhook endpoints, and how they differ from what is needed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := newHooks(cmd, asJSON, config.Stripe)
			if err != nil {
				return err
			}
			return h.list(cmd.Context())
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func webhooksRotateCommand() *cobra.Command {
	var asJSON, finish, noRoundTrip bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the signing secret without losing an event",
		Long: `Makes a second endpoint at the same address and prints its signing secret:
Stripe's API cannot give an endpoint another one. Stripe then sends every event
to both, and each is stored once. Put the new secret before the old one in
STRIPE_WEBHOOK_SECRET, separated by a comma, restart the app, and run it again
with --finish: that disables the old endpoint, sees whether an event arrives by
the new one, and deletes the old one, or enables it again if none does.

It is also the way to another API version, which an endpoint keeps for life.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if noRoundTrip && !finish {
				return errors.New("--no-round-trip goes with --finish")
			}
			need := config.Stripe | config.Address
			if finish && !noRoundTrip {
				need |= config.Database
			}
			h, err := newHooks(cmd, asJSON, need)
			if err != nil {
				return err
			}
			if finish {
				return h.finish(cmd.Context(), !noRoundTrip)
			}
			return h.rotate(cmd.Context())
		},
	}
	jsonFlag(cmd, &asJSON)
	cmd.Flags().BoolVar(&finish, "finish", false, "delete the old endpoint, once the new one is proven")
	cmd.Flags().BoolVar(&noRoundTrip, "no-round-trip", false, "with --finish: delete the old one without that proof")
	return cmd
}

func jsonFlag(cmd *cobra.Command, asJSON *bool) {
	cmd.Flags().BoolVar(asJSON, "json", false, "print one JSON object a line")
}

func newHooks(cmd *cobra.Command, asJSON bool, need config.Need) (*hooks, error) {
	cfg, err := loadConfig(need)
	if err != nil {
		return nil, err
	}
	return &hooks{cfg: cfg, stripe: newStripe(cfg, newLogger(cfg)), want: wantedEndpoint(cfg), out: cmd.OutOrStdout(), asJSON: asJSON}, nil
}

// wantedEndpoint is the endpoint that this configuration needs.
func wantedEndpoint(cfg config.Config) endpoints.Want {
	w := endpoints.Want{APIVersion: stripeapi.APIVersion, Events: events.Types()}
	if cfg.BaseURL != "" {
		w.URL = cfg.BaseURL + webhookPath
	}
	return w
}

// reachable refuses an address that Stripe cannot send to.
func (h *hooks) reachable() error {
	if h.cfg.Local() && !h.cfg.Sandbox() {
		return fmt.Errorf("Stripe cannot send to %s. While you develop, run `stripe listen --forward-to %s`, and put the secret it prints into STRIPE_WEBHOOK_SECRET", h.cfg.BaseURL, h.want.URL)
	}
	return nil
}
