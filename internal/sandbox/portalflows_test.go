package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

// asking is a portal configuration that asks why somebody cancels, or does not.
func (b *bundle) asking(why bool, options ...string) *stripe.BillingPortalConfiguration {
	b.Helper()
	reason := &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelCancellationReasonParams{Enabled: &why, Options: stripe.StringSlice(options)}
	return must(b.stripe.BillingPortalConfigurations.New(&stripe.BillingPortalConfigurationParams{
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: stripe.String("Your plan")},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{
			Enabled: stripe.Bool(true), CancellationReason: reason,
		}},
	}))
}

func TestThePortalKeepsWhySomebodyCancels(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	reasons := []string{"too_expensive", "missing_features", "switched_service", "unused", "customer_service", "too_complex", "low_quality", "other"}
	home := b.portalOf(c, b.asking(true, reasons...))
	for _, reason := range reasons {
		_, page := b.visit(home + "/subscriptions/" + sub.ID + "/cancel")
		if page.Find("input[name=feedback][value="+reason+"]").Length() != 1 {
			t.Errorf("%s is not offered", reason)
		}
		b.submit(home+"/subscriptions/"+sub.ID+"/cancel", url.Values{"feedback": {reason}, "comment": {"Because of " + reason}})
		got := b.subscription(sub.ID)
		if d := got.CancellationDetails; !got.CancelAtPeriodEnd || string(d.Feedback) != reason || d.Comment != "Because of "+reason || d.Reason != "cancellation_requested" {
			t.Errorf("%s: %+v", reason, d)
		}
		b.submit(home+"/subscriptions/"+sub.ID+"/resume", nil)
		if got = b.subscription(sub.ID); got.CancelAtPeriodEnd || got.CancelAt != 0 || got.CanceledAt != 0 {
			t.Errorf("after %s the plan does not resume", reason)
		}
	}
}

func TestThePortalTakesOnlyReasonsThatItAsksFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	for _, cfg := range []*stripe.BillingPortalConfiguration{b.asking(false, "unused"), b.asking(true, "too_expensive")} {
		cancel := b.portalOf(c, cfg) + "/subscriptions/" + sub.ID + "/cancel"
		_, page := b.visit(cancel)
		if page.Find("input[value=unused]").Length() != 0 {
			t.Error("it asks for a reason that is off")
		}
		b.submit(cancel, url.Values{"feedback": {"unused"}})
		got := b.subscription(sub.ID)
		if !got.CancelAtPeriodEnd || got.CancellationDetails.Feedback != "" {
			t.Errorf("canceled: %v, because %q", got.CancelAtPeriodEnd, got.CancellationDetails.Feedback)
		}
		b.submit(strings.TrimSuffix(cancel, "cancel")+"resume", nil)
	}
}

func TestNobodyTouchesAnotherCustomersPlanThroughTheirOwnPortal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	c, _ := b.subscribed(basic, visa)
	_, other := b.subscribed(basic, visa)
	theirs := b.portalOf(c, portalConfig(b, basic, power)) + "/subscriptions/" + other.ID
	since := b.mark()
	for _, path := range []string{"/cancel", "/update", "/confirm?price=" + power.ID, "/challenge"} {
		if status, _ := b.visit(theirs + path); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, path := range []string{"/cancel", "/resume", "/confirm", "/challenge"} {
		if status, _, _ := b.submit(theirs+path, url.Values{"price": {power.ID}, "result": {"complete"}}); status != http.StatusNotFound {
			t.Errorf("post to %s: %d", path, status)
		}
	}
	b.wantEvents(since())
	if got := b.subscription(other.ID); got.Status != "active" || got.Items.Data[0].Price.ID != basic.ID {
		t.Errorf("their plan: %s %s", got.Status, got.Items.Data[0].Price.ID)
	}
}

func TestAPortalWithoutAReturnURLHasThatOfItsConfiguration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic := b.price("Basic", 500, "month")
	c, cfg := b.customer(), portalConfig(b, basic)
	must(b.stripe.BillingPortalConfigurations.Update(cfg.ID, &stripe.BillingPortalConfigurationParams{DefaultReturnURL: stripe.String("http://app.test/home")}))
	_, page := b.visit(b.portalOf(c, cfg))
	if back, _ := page.Find("#return").Attr("href"); back != "http://app.test/home" {
		t.Errorf("back to %q", back)
	}
}

// flows are deep links of every type, with what is posted to the page that they lead to.
func flows(sub *stripe.Subscription, to *stripe.Price) []struct {
	Flow stripe.BillingPortalSessionFlowDataParams
	Page string
	Post url.Values
} {
	type flow = stripe.BillingPortalSessionFlowDataParams
	return []struct {
		Flow stripe.BillingPortalSessionFlowDataParams
		Page string
		Post url.Values
	}{
		{flow{Type: stripe.String("payment_method_update")}, "/card", cardForm(visa)},
		{flow{Type: stripe.String("subscription_update"), SubscriptionUpdate: &stripe.BillingPortalSessionFlowDataSubscriptionUpdateParams{
			Subscription: &sub.ID}}, "/update", url.Values{"price": {to.ID}}},
		{flow{Type: stripe.String("subscription_update_confirm"), SubscriptionUpdateConfirm: &stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmParams{
			Subscription: &sub.ID, Items: []*stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmItemParams{{ID: &sub.Items.Data[0].ID, Price: &to.ID}},
		}}, "/confirm", url.Values{"price": {to.ID}}},
		{flow{Type: stripe.String("subscription_cancel"), SubscriptionCancel: &stripe.BillingPortalSessionFlowDataSubscriptionCancelParams{
			Subscription: &sub.ID}}, "/cancel", nil},
	}
}

func TestEveryDeepLinkEndsWhereItsAfterCompletionSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	cfg := portalConfig(b, basic, power)
	type after = stripe.BillingPortalSessionFlowDataAfterCompletionParams
	for end, how := range map[string]*after{
		"http://app.test/done": {Type: stripe.String("redirect"), Redirect: &stripe.BillingPortalSessionFlowDataAfterCompletionRedirectParams{ReturnURL: stripe.String("http://app.test/done")}},
		"/done":                {Type: stripe.String("hosted_confirmation"), HostedConfirmation: &stripe.BillingPortalSessionFlowDataAfterCompletionHostedConfirmationParams{CustomMessage: stripe.String("Thank you, all set.")}},
		"":                     {Type: stripe.String("portal_homepage")},
	} {
		for i := range 4 {
			c, sub := b.subscribed(basic, visa)
			f := flows(sub, power)[i]
			f.Flow.AfterCompletion = how
			home := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID, Configuration: &cfg.ID, FlowData: &f.Flow})).URL
			step := must(browser.Get(home))
			_ = step.Body.Close()
			to := step.Header.Get("Location")
			if !strings.Contains(to, f.Page) {
				t.Errorf("%s begins at %s", *f.Flow.Type, to)
			}
			_, _, got := b.submit(strings.Replace(to, "/update", "/confirm", 1), f.Post)
			if want := strings.TrimPrefix(home, b.srv.URL) + end; got != end && got != want {
				t.Errorf("%s, %s ends at %s", *f.Flow.Type, *how.Type, got)
			}
			status, page := b.visit(home)
			if end == "/done" {
				status, page = b.visit(got)
			}
			if status != http.StatusOK || end == "/done" && !strings.Contains(page.Text(), "Thank you, all set.") {
				t.Errorf("%s, %s: %d afterwards", *f.Flow.Type, *how.Type, status)
			}
		}
	}
}

func TestADeepLinkChangesTheQuantityOnlyWithLeave(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic := b.price("Basic", 500, "month")
	c, sub := b.subscribed(basic, visa)
	cfg := portalConfig(b, basic)
	item := &stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmItemParams{ID: &sub.Items.Data[0].ID, Quantity: stripe.Int64(4)}
	confirm := &stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmParams{Subscription: &sub.ID}
	open := func(items ...*stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmItemParams) (*stripe.BillingPortalSession, error) {
		confirm.Items = items
		return b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID, Configuration: &cfg.ID,
			FlowData: &stripe.BillingPortalSessionFlowDataParams{Type: stripe.String("subscription_update_confirm"), SubscriptionUpdateConfirm: confirm}})
	}
	if _, err := open(item); err == nil || err.(*stripe.Error).Param != "flow_data[subscription_update_confirm][items][0][quantity]" {
		t.Errorf("without leave: %v", err)
	}
	if _, err := open(item, item); err == nil || err.(*stripe.Error).Param != "flow_data[subscription_update_confirm][items]" {
		t.Errorf("two items: %v", err)
	}
	must(b.stripe.BillingPortalConfigurations.Update(cfg.ID, &stripe.BillingPortalConfigurationParams{Features: &stripe.BillingPortalConfigurationFeaturesParams{
		SubscriptionUpdate: &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{DefaultAllowedUpdates: stripe.StringSlice([]string{"quantity"})},
	}}))
	ps := must(open(item))
	step := must(browser.Get(ps.URL))
	_ = step.Body.Close()
	_, page := b.visit(step.Header.Get("Location"))
	if n, _ := page.Find("input[name=quantity]").Attr("value"); n != "4" || page.Find("#due-today").Text() != "$15.00" {
		t.Errorf("quantity %q, due %s", n, page.Find("#due-today").Text())
	}
}
