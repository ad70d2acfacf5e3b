package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

// portalOf opens the portal of a customer under a configuration.
func (b *bundle) portalOf(c *stripe.Customer, cfg *stripe.BillingPortalConfiguration) string {
	b.Helper()
	return must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID, Configuration: &cfg.ID})).URL
}

// asked has a plan, paid with a card that asks for 3-D Secure each time, and asks for the dearer one in the portal.
func (b *bundle) asked() (sub *stripe.Subscription, power *stripe.Price, home, step string) {
	b.Helper()
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	c, sub := b.subscribed(basic, visa)
	home = b.portalOf(c, portalConfig(b, basic, power))
	_, _, bank := b.submit(home+"/card", cardForm(asksEachTime))
	b.submit(bank, url.Values{"result": {"complete"}})
	status, _, step := b.submit(home+"/subscriptions/"+sub.ID+"/confirm", url.Values{"price": {power.ID}})
	if status != http.StatusSeeOther || !strings.HasSuffix(step, "/challenge") {
		b.Fatalf("a card that asks: %d to %s", status, step)
	}
	if _, page := b.visit(step); page.Find("#challenge-complete").Length() != 1 || !strings.Contains(page.Text(), "$45.00") {
		b.Errorf("the step: %s", page.Text())
	}
	return sub, power, home, step
}

func TestAChangeOfPlanInThePortalPasses3DSecure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sub, power, home, step := b.asked()
	if held := b.subscription(sub.ID); held.PendingUpdate == nil || held.Items.Data[0].Price.ID == power.ID {
		t.Error("the plan changed before it was paid for")
	}
	since := b.mark()
	if status, _, to := b.submit(step, url.Values{"result": {"complete"}}); status != http.StatusSeeOther || !strings.HasSuffix(home, to) {
		t.Errorf("passed: %d to %s", status, to)
	}
	b.wantEvents(since(), "charge.succeeded", "payment_intent.succeeded", "customer.subscription.pending_update_applied", "customer.subscription.updated",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	got := b.subscription(sub.ID)
	if got.Items.Data[0].Price.ID != power.ID || got.PendingUpdate != nil || got.Status != "active" {
		t.Errorf("the plan: %s %s", got.Status, got.Items.Data[0].Price.ID)
	}
	if inv := b.latest(got); inv.Status != "paid" || inv.AmountPaid != 4500 {
		t.Errorf("invoice: %s %d", inv.Status, inv.AmountPaid)
	}
	if status, _, to := b.submit(step, url.Values{"result": {"complete"}}); status != http.StatusSeeOther || !strings.HasSuffix(home, to) {
		t.Errorf("the button pressed twice: %d to %s", status, to)
	}
}

func TestAChangeOfPlanWhose3DSecureFailsKeepsTheOldPlan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sub, power, _, step := b.asked()
	status, page, _ := b.submit(step, url.Values{"result": {"fail"}})
	if status != http.StatusPaymentRequired || !strings.Contains(page.Find("[role=alert]").Text(), "Your plan was not changed") {
		t.Errorf("failed: %d %s", status, page.Find("[role=alert]").Text())
	}
	if price, _ := page.Find("input[name=price]").Attr("value"); price != power.ID {
		t.Errorf("to try again: %q", price)
	}
	got := b.subscription(sub.ID)
	if got.Items.Data[0].Price.ID == power.ID || got.PendingUpdate != nil || got.Status != "active" {
		t.Errorf("the plan: %s %s", got.Status, got.Items.Data[0].Price.ID)
	}
	if inv := b.latest(got); inv.Status != "void" {
		t.Errorf("the invoice of the change is %s", inv.Status)
	}
}

func TestThePortalChangesTheQuantityWhenItsConfigurationAllows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	c, sub := b.subscribed(basic, visa)
	cfg := portalConfig(b, basic, power)
	plan := b.portalOf(c, cfg) + "/subscriptions/" + sub.ID
	if _, page := b.visit(plan + "/update"); page.Find("#quantity").Length() != 0 {
		t.Error("asked for a quantity that is not to be changed")
	}
	b.submit(plan+"/confirm", url.Values{"price": {basic.ID}, "quantity": {"3"}})
	if got := b.subscription(sub.ID).Items.Data[0].Quantity; got != 1 {
		t.Errorf("changed to %d without leave", got)
	}
	must(b.stripe.BillingPortalConfigurations.Update(cfg.ID, &stripe.BillingPortalConfigurationParams{Features: &stripe.BillingPortalConfigurationFeaturesParams{
		SubscriptionUpdate: &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{DefaultAllowedUpdates: stripe.StringSlice([]string{"quantity"})},
	}}))
	_, page := b.visit(plan + "/update")
	if n, _ := page.Find("#quantity").Attr("value"); n != "1" || page.Find("input[name=price]").Length() != 1 {
		t.Errorf("quantity %q, %d prices", n, page.Find("input[name=price]").Length())
	}
	for _, bad := range []string{"0", "-1", "many", "1000000", "1"} {
		if status, page := b.visit(plan + "/confirm?price=" + basic.ID + "&quantity=" + bad); status != http.StatusUnprocessableEntity || page.Find("#quantity").Length() != 1 {
			t.Errorf("a quantity of %s: %d", bad, status)
		}
	}
	_, page = b.visit(plan + "/confirm?price=" + basic.ID + "&quantity=3")
	if due, next := page.Find("#due-today").Text(), page.Find("#next-renewal").Text(); due != "$10.00" || !strings.Contains(next, "$15.00") {
		t.Errorf("due %s, %s", due, next)
	}
	b.submit(plan+"/confirm", url.Values{"price": {basic.ID}, "quantity": {"3"}})
	got := b.subscription(sub.ID)
	if got.Items.Data[0].Quantity != 3 || b.latest(got).AmountPaid != 1000 {
		t.Errorf("quantity %d, paid %d", got.Items.Data[0].Quantity, b.latest(got).AmountPaid)
	}
	b.submit(plan+"/confirm", url.Values{"price": {power.ID}})
	if got = b.subscription(sub.ID); got.Items.Data[0].Price.ID != basic.ID {
		t.Error("the price changed without leave")
	}
}
