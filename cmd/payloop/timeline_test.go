package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// inOrderOf checks that the texts stand in the output one after the other.
func inOrderOf(t *testing.T, out string, texts ...string) {
	t.Helper()
	rest := out
	for _, text := range texts {
		_, after, ok := strings.Cut(rest, text)
		if !ok {
			t.Fatalf("%q is missing, or comes too early, in:\n%s", text, out)
		}
		rest = after
	}
}

func TestTheTimelineTellsAPurchaseFromSignUpToCancelling(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.advance(day) // within a second, who came first is anybody's guess
	c.signIn()
	c.Post("/billing-portal")
	c.Post("/api-keys")
	b.advance(day)
	c.signIn()
	b.confirmChange(c.Post("/checkout", "plan", "Power", "interval", "month").Location)
	b.flush()
	b.advance(day)
	c.signIn()
	c.Post("/subscription/cancel")
	b.flush()

	out := b.command(0, "", "timeline", c.email)
	inOrderOf(t, out, c.email+", signed up ", "At Stripe: cus_", ", UTC\n", "customer  signed up", "checkout started", "Basic, month")
	inOrderOf(t, out, "+50 credits", "weekly refill; balance 50", "+1,000 credits", "the plan's grant; balance 1,050",
		", UTC\n", "portal opened", ", UTC\n", "plan change opened", "to Power, month", "customer.subscription.updated", ", UTC\n", "cancel requested", "for the end of the period")
	wants(t, out, "API key made", "payloop_", "mail      plan started", "invoice.paid", "fetched: same second as another event")
	key := b.text(`SELECT encode(hash, 'hex') FROM api_keys`)
	if strings.Contains(out, key) {
		t.Error("the timeline shows a key's hash")
	}
	customer := b.text(`SELECT id FROM stripe_customers`)
	if same := b.command(0, "", "timeline", customer); same != out {
		t.Errorf("by customer: got\n%s\nwant\n%s", same, out)
	}
	events := b.count(`SELECT count(*) FROM stripe_events WHERE customer_id = $1`, customer)
	for _, body := range b.events() {
		b.deliver(body) // once more
	}
	b.flush()
	if n := strings.Count(b.command(0, "", "timeline", c.email), "  stripe  "); n != events {
		t.Errorf("got %d lines of %d events", n, events)
	}
}

func TestTheTimelineIsCutAtItsOldEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.advance(day)
	c.signIn()
	c.Post("/api-keys")
	out := b.command(0, "", "timeline", c.email, "--limit", "2", "--newest", "--json")
	first, rest, _ := strings.Cut(out, "\n")
	var l storyLine
	if err := json.Unmarshal([]byte(first), &l); err != nil || l.What != "API key made" || l.From != string(billing.ByCustomer) {
		t.Errorf("the newest line: got %s, %v", first, err)
	}
	inOrderOf(t, rest, "{", "}\n", "\nThese are the latest 2; there is more: --limit 20")
	later := time.Now().Add(day / 2).Format(time.RFC3339)
	if out := b.command(0, "", "timeline", c.email, "--since", later); strings.Contains(out, "signed up\n") || !strings.Contains(out, "API key made") {
		t.Errorf("--since: got\n%s", out)
	}
	wants(t, b.command(1, "", "timeline", c.email, "--limit", "0"), "ask for at least one")
}

func TestTheTimelineKnowsPeopleWhoNeverPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	out := b.command(0, "", "timeline", " "+strings.ToUpper(c.email)+"\n")
	wants(t, out, "No Stripe customer yet", "signed up", "+50 credits")
	wants(t, b.command(1, "", "timeline", "nobody@example.com"), "nobody has signed up here with the address nobody@example.com")
	wants(t, b.command(1, "", "timeline", "cus_9"), "there is no Stripe customer cus_9 here")
	wants(t, b.command(1, "", "timeline", "ada"), "neither an e-mail address nor a Stripe customer")
}

func TestTheTimelineTellsOfAllCustomersOfOnePerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	old := b.text(`SELECT id FROM stripe_customers`)
	b.stripeDelete("/v1/customers/" + old)
	b.flush()
	b.buy(c, "Power", "once")
	b.flush()
	present := b.text(`SELECT id FROM stripe_customers WHERE NOT deleted`)
	for _, who := range []string{c.email, old, present} {
		out := b.command(0, "", "timeline", who)
		inOrderOf(t, out, "At Stripe: "+present+", "+old+" (deleted)")
		wants(t, out, "customer.deleted", "+100,000 credits", "bought once")
		if n := strings.Count(out, "customer.created"); n != 2 {
			t.Errorf("%s: %d customers were created, want 2:\n%s", who, n, out)
		}
	}
}

func TestTheTimelineTellsOfACustomerWhoIsNobodysHere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var stranger struct{ ID string }
	b.callStripe(http.MethodPost, "/v1/customers", nil, &stranger)
	b.flush()
	wants(t, b.command(0, "", "timeline", stranger.ID), stranger.ID+", a Stripe customer who is nobody's here", "customer.created")
}
