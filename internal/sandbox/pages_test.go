package sandbox_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stripe/stripe-go/v79"
)

// browser follows no redirects: where a page leads is part of what is tested.
var browser = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (b *bundle) visit(path string) (int, *goquery.Document) {
	b.Helper()
	return b.read(browser.Get(b.abs(path)))
}

func (b *bundle) submit(path string, form url.Values) (int, *goquery.Document, string) {
	b.Helper()
	res, err := browser.PostForm(b.abs(path), form)
	status, doc := b.read(res, err)
	return status, doc, res.Header.Get("Location")
}

func (b *bundle) abs(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return b.srv.URL + path
}

func (b *bundle) read(res *http.Response, err error) (int, *goquery.Document) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, must(goquery.NewDocumentFromReader(res.Body))
}

// cardForm is the payment form filled in.
func cardForm(card string) url.Values {
	return url.Values{"card": {card}, "exp": {"12 / 34"}, "cvc": {"123"}, "name": {"Ada"}}
}

func TestCheckoutPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.session("subscription", b.customer(), b.price("Basic", 500, "month"))
	status, page := b.visit(s.URL)
	if email, _ := page.Find("#email").Attr("value"); status != http.StatusOK || email != "ada@example.com" || page.Find("#pay").Text() != "Subscribe" {
		t.Errorf("page: %d, %q, %q", status, email, page.Find("#pay").Text())
	}
	if back, _ := page.Find("#cancel").Attr("href"); back != "http://app.test/cancel" || !strings.Contains(page.Text(), "no real money") {
		t.Errorf("back link: %q", back)
	}
	status, page, _ = b.submit(s.URL, cardForm("4000000000000002"))
	html, _ := page.Html()
	if status != http.StatusPaymentRequired || page.Find("#problem").Text() != "Your card was declined." || strings.Contains(html, "4000000000000002") {
		t.Errorf("declined: %d %q", status, page.Find("#problem").Text())
	}
	if exp, _ := page.Find("#exp").Attr("value"); exp != "12 / 34" {
		t.Errorf("what was typed is gone: %q", exp)
	}
	status, _, to := b.submit(s.URL, cardForm(visa))
	if status != http.StatusSeeOther || to != "http://app.test/success?session_id="+s.ID {
		t.Errorf("paid: %d to %s", status, to)
	}
	if status, _, again := b.submit(s.URL, cardForm(visa)); status != http.StatusSeeOther || again != to {
		t.Errorf("the button pressed twice: %d to %s", status, again)
	}
	status, page = b.visit(s.URL)
	if link, _ := page.Find("#return").Attr("href"); status != http.StatusOK || link != to {
		t.Errorf("a second visit: %d, back to %q", status, link)
	}
}

func TestCheckoutPageSaysWhatIsWrongWithAField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.session("subscription", b.customer(), b.price("Basic", 500, "month"))
	for field, value := range map[string]string{"card": "", "exp": "13/99", "cvc": "12"} {
		form := cardForm(visa)
		form.Set(field, value)
		status, page, _ := b.submit(s.URL, form)
		if by, _ := page.Find("#" + field).Attr("aria-describedby"); status != http.StatusUnprocessableEntity || by != "problem" || page.Find("#problem").Text() == "" {
			t.Errorf("%s=%q: %d, described by %q", field, value, status, by)
		}
	}
	past := cardForm(visa)
	past.Set("exp", "01/20")
	if status, page, _ := b.submit(s.URL, past); status != http.StatusPaymentRequired || page.Find("#exp[aria-invalid]").Length() != 1 {
		t.Errorf("an expired date: %d", status)
	}
	if status, page, _ := b.submit(s.URL, cardForm("4111111111111111")); status != http.StatusPaymentRequired || !strings.Contains(page.Find("#problem").Text(), "test card") {
		t.Errorf("not a test card: %d", status)
	}
}

func TestThreeDSecurePage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.session("subscription", b.customer(), b.price("Basic", 500, "month"))
	status, _, to := b.submit(s.URL, cardForm("4000002760003184"))
	if status != http.StatusSeeOther || !strings.HasSuffix(to, "/challenge") {
		t.Fatalf("pay: %d to %s", status, to)
	}
	if status, page, _ := b.submit(to, url.Values{"result": {"fail"}}); status != http.StatusPaymentRequired || !strings.Contains(page.Find("#problem").Text(), "unable to authenticate") {
		t.Errorf("failed: %d", status)
	}
	_, _, to = b.submit(s.URL, cardForm("4000002760003184"))
	if status, _, to = b.submit(to, url.Values{"result": {"complete"}}); status != http.StatusSeeOther || !strings.HasPrefix(to, "http://app.test/success") {
		t.Errorf("completed: %d to %s", status, to)
	}
}

func TestPortal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	ps := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID, ReturnURL: stripe.String("http://app.test/account")}))
	_, page := b.visit(ps.URL)
	if back, _ := page.Find("#return").Attr("href"); back != "http://app.test/account" || page.Find("#invoices tbody tr").Length() != 1 {
		t.Errorf("overview: back %q, %d invoices", back, page.Find("#invoices tbody tr").Length())
	}
	cancel, _ := page.Find("#cancel-plan").Attr("href")
	if _, page = b.visit(cancel); page.Find("#confirm-cancel").Length() != 1 {
		t.Fatal("no confirmation")
	}
	if status, _, to := b.submit(cancel, nil); status != http.StatusSeeOther || !strings.HasSuffix(ps.URL, to) {
		t.Errorf("canceled: %d to %s", status, to)
	}
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); !sub.CancelAtPeriodEnd {
		t.Error("not canceled")
	}
	_, page = b.visit(ps.URL)
	resume, _ := page.Find("form:has(#resume-plan)").Attr("action")
	b.submit(resume, nil)
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.CancelAtPeriodEnd || sub.CancelAt != 0 {
		t.Error("not resumed")
	}
	card, _ := page.Find("#change-card").Attr("href")
	if status, page, _ := b.submit(card, cardForm("4000000000000002")); status != http.StatusPaymentRequired || page.Find("#problem").Length() != 1 {
		t.Errorf("a declined card: %d", status)
	}
	since := b.mark()
	b.submit(card, cardForm("5555555555554444"))
	b.wantEvents(since(), "setup_intent.created", "setup_intent.succeeded", "payment_method.attached", "customer.updated", "customer.subscription.updated")
	if _, page = b.visit(ps.URL); !strings.Contains(page.Find("#payment-method").Text(), "Mastercard •••• 4444") {
		t.Errorf("card: %s", page.Find("#payment-method").Text())
	}
}

func portalConfig(b *bundle, prices ...*stripe.Price) *stripe.BillingPortalConfiguration {
	on := stripe.Bool(true)
	update := &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{
		Enabled: on, DefaultAllowedUpdates: []*string{stripe.String("price")}, ProrationBehavior: stripe.String("always_invoice"),
	}
	for _, p := range prices {
		update.Products = append(update.Products, &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams{
			Product: &p.Product.ID, Prices: []*string{&p.ID},
		})
	}
	return must(b.stripe.BillingPortalConfigurations.New(&stripe.BillingPortalConfigurationParams{
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: stripe.String("Your plan")},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: on},
			SubscriptionCancel:  &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{Enabled: on, Mode: stripe.String("immediately")},
			SubscriptionUpdate:  update,
		},
	}))
}

func TestPortalDeepLinks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	c, sub := b.subscribed(basic, visa)
	cfg := portalConfig(b, basic, power)
	if cfg.Features.SubscriptionUpdate.Products != nil {
		t.Error("products are told without being asked for")
	}
	withProducts := &stripe.BillingPortalConfigurationParams{Params: expand("features.subscription_update.products")}
	if cfg = must(b.stripe.BillingPortalConfigurations.Get(cfg.ID, withProducts)); len(cfg.Features.SubscriptionUpdate.Products) != 2 {
		t.Errorf("products: %v", cfg.Features.SubscriptionUpdate.Products)
	}
	after := &stripe.BillingPortalSessionFlowDataAfterCompletionParams{
		Type: stripe.String("redirect"), Redirect: &stripe.BillingPortalSessionFlowDataAfterCompletionRedirectParams{ReturnURL: stripe.String("http://app.test/done")},
	}
	open := func(flow *stripe.BillingPortalSessionFlowDataParams) string {
		flow.AfterCompletion = after
		ps := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{
			Customer: &c.ID, Configuration: &cfg.ID, FlowData: flow, ReturnURL: stripe.String("http://app.test/account"),
		}))
		res := must(browser.Get(ps.URL))
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res.Header.Get("Location")
	}
	step := open(&stripe.BillingPortalSessionFlowDataParams{Type: stripe.String("subscription_update_confirm"),
		SubscriptionUpdateConfirm: &stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmParams{Subscription: &sub.ID,
			Items: []*stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmItemParams{{ID: &sub.Items.Data[0].ID, Price: &power.ID, Quantity: stripe.Int64(1)}}}})
	_, page := b.visit(step)
	if due := page.Find("#due-today").Text(); due != "$45.00" {
		t.Errorf("due today: %s", due)
	}
	if status, _, to := b.submit(step, url.Values{"price": {power.ID}}); status != http.StatusSeeOther || to != "http://app.test/done" {
		t.Errorf("confirmed: %d to %s", status, to)
	}
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Items.Data[0].Price.ID != power.ID {
		t.Error("the plan did not change")
	}
	step = open(&stripe.BillingPortalSessionFlowDataParams{Type: stripe.String("payment_method_update")})
	if _, _, to := b.submit(step, cardForm(visa)); to != "http://app.test/done" {
		t.Errorf("card: to %s", to)
	}
	step = open(&stripe.BillingPortalSessionFlowDataParams{Type: stripe.String("subscription_cancel"),
		SubscriptionCancel: &stripe.BillingPortalSessionFlowDataSubscriptionCancelParams{Subscription: &sub.ID}})
	if _, _, to := b.submit(step, nil); to != "http://app.test/done" {
		t.Errorf("canceled: to %s", to)
	}
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != "canceled" {
		t.Errorf("subscription is %s", sub.Status)
	}
}

func TestInvoicePageTakesPayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), failsAtRenewal)
	b.advance(month + 2*3600e9)
	inv := must(b.stripe.Invoices.Get(must(b.stripe.Subscriptions.Get(sub.ID, nil)).LatestInvoice.ID, nil))
	if status, page, _ := b.submit(inv.HostedInvoiceURL, cardForm("4000000000009995")); status != http.StatusPaymentRequired || page.Find("#problem").Length() != 1 {
		t.Errorf("declined: %d", status)
	}
	if status, _, _ := b.submit(inv.HostedInvoiceURL, cardForm(visa)); status != http.StatusSeeOther {
		t.Errorf("paid: %d", status)
	}
	if _, page := b.visit(inv.HostedInvoiceURL); page.Find("#invoice-status").Text() != "Paid" || page.Find("#pay").Length() != 0 {
		t.Errorf("status: %s", page.Find("#invoice-status").Text())
	}
	if sub = onlySubscription(b, c); sub.Status != "active" {
		t.Errorf("subscription is %s", sub.Status)
	}
	if status, _ := b.visit(inv.InvoicePDF); status != http.StatusOK {
		t.Errorf("print view: %d", status)
	}
}

func TestAnotherSitesPageCannotDriveTheSandbox(t *testing.T) {
	t.Parallel()
	b := setup(t)
	req := must(http.NewRequest(http.MethodPost, b.srv.URL+"/_sandbox/clock/advance", strings.NewReader("seconds=5")))
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if res := must(browser.Do(req)); res.StatusCode != http.StatusForbidden {
		t.Errorf("got %s", res.Status)
	}
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.session("payment", b.customer(), b.price("Power", 5000, ""))
	b.pay(s, visa)
	b.flush()
	if _, page := b.visit("/_sandbox/"); !strings.Contains(page.Text(), "checkout.session.completed") {
		t.Error("the event is not listed")
	}
	_, page := b.visit("/_sandbox/events/" + b.last("checkout.session.completed").ID)
	resend, _ := page.Find("form[action*=resend]").Attr("action")
	if status, _, _ := b.submit(resend, url.Values{"event": {"x"}}); status != http.StatusSeeOther {
		t.Errorf("resend: %d", status)
	}
	b.flush()
	if got := b.inbox.count("checkout.session.completed"); got != 2 {
		t.Errorf("the event came %d times", got)
	}
	ch := b.last("charge.succeeded").Data.Object["id"].(string)
	if status, page := b.visit("/_sandbox/objects/charges/" + ch); status != http.StatusOK || page.Find("#refund").Length() != 1 {
		t.Errorf("charge: %d", status)
	}
	b.submit("/_sandbox/charges/"+ch+"/refund", url.Values{"amount": {"100"}})
	if got := must(b.stripe.Charges.Get(ch, nil)); got.AmountRefunded != 100 {
		t.Errorf("refunded: %d", got.AmountRefunded)
	}
	before := b.sb.Now()
	b.submit("/_sandbox/dashboard/advance", url.Values{"n": {"2"}, "unit": {"days"}})
	if b.sb.Now().Sub(before).Hours() < 48 {
		t.Error("the clock stands")
	}
}
