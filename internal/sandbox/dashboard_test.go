package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stripe/stripe-go/v79"
)

// press submits a form and answers the page that it leads to.
func (b *bundle) press(path string, form url.Values) (*goquery.Document, string) {
	b.Helper()
	status, _, to := b.submit(path, form)
	if status != http.StatusSeeOther {
		b.Fatalf("%s: %d", path, status)
	}
	_, page := b.visit(to)
	return page, to
}

func TestTheHomePageListsEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := newListener(b).endpoint(b, "customer.created")
	_ = must(b.stripe.WebhookEndpoints.Update(end.ID, &stripe.WebhookEndpointParams{Disabled: stripe.Bool(true)}))
	_, page := b.visit("/_sandbox/")
	rows := page.Find("[data-testid=endpoint]")
	if rows.Length() != 2 || !strings.Contains(rows.First().Text(), "enabled") || !strings.Contains(rows.Last().Text(), "disabled") {
		t.Errorf("endpoints: %q", rows.Text())
	}
	if html, _ := page.Html(); strings.Contains(html, end.Secret) {
		t.Error("the home page tells a secret")
	}
}

func TestAnEndpointsPageControlsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(time.Hour, time.Hour))
	in := newListener(b)
	in.answer(http.StatusTeapot)
	end := in.endpoint(b, "customer.created")
	b.deleteInbox()
	b.customer()
	in.arrives(b, 1)
	path := "/_sandbox/webhook_endpoints/" + end.ID
	status, page := b.visit(path)
	row := page.Find("[data-testid=delivery]")
	if status != http.StatusOK || !strings.Contains(row.Text(), "418") || !strings.Contains(row.Text(), "next attempt") || page.Find("details #secret").Text() != end.Secret {
		t.Errorf("%d %q", status, page.Text())
	}
	in.answer(http.StatusOK)
	resend, _ := row.Find("form").Attr("action")
	page, to := b.press(resend, url.Values{"endpoint": {end.ID}})
	in.arrives(b, 2)
	if to != path || page.Find("#disable").Length() != 1 {
		t.Errorf("after a resend: %s", to)
	}
	if page, _ = b.press("/_sandbox/dashboard/webhook_endpoints/"+end.ID+"/status", url.Values{"status": {"disabled"}}); page.Find("#enable").Length() != 1 || page.Find("[data-testid=delivery] form").Length() != 0 {
		t.Error("it is not disabled")
	}
	res := must(http.PostForm(b.srv.URL+resend, url.Values{"endpoint": {end.ID}}))
	if res.Body.Close(); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a resend to a disabled endpoint: %d", res.StatusCode)
	}
	b.press("/_sandbox/dashboard/webhook_endpoints/"+end.ID+"/status", url.Values{"status": {"enabled"}})
	page, _ = b.press("/_sandbox/dashboard/webhook_endpoints/"+end.ID+"/roll", url.Values{"expires_in": {"3600"}})
	fresh := page.Find("#secret").Text()
	if page.Find("#rolling").Length() != 1 {
		t.Error("the page does not say that the old secret is still good")
	}
	if h := in.sent(b); !h.verifies(fresh) || !h.verifies(end.Secret) || fresh == end.Secret {
		t.Errorf("rolled on the page: %s", h.signature)
	}
}

func TestSecretsAreOnTheEndpointsPageAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := newListener(b).endpoint(b, "customer.created")
	for _, path := range []string{"/_sandbox/objects/webhook_endpoints", "/_sandbox/", "/_sandbox/events"} {
		status, page := b.visit(path)
		if html, _ := page.Html(); status != http.StatusOK || strings.Contains(html, end.Secret) {
			t.Errorf("%s: %d, or it tells the secret", path, status)
		}
	}
	res, _ := b.post("/v1/webhook_endpoints/"+end.ID, "description=x")
	if body, _ := b.post("/v1/webhook_endpoints/"+end.ID, "metadata[a]=b"); res.StatusCode != http.StatusOK || body.StatusCode != http.StatusOK {
		t.Error("the endpoint cannot be changed")
	}
	for it := b.stripe.WebhookEndpoints.List(nil); it.Next(); {
		if it.WebhookEndpoint().Secret != "" {
			t.Error("the list tells a secret")
		}
	}
}

func TestEventsAreFiltered(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(time.Hour))
	b.deleteInbox()
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	in.endpoint(b, "customer.created")
	b.customer()
	b.price("Basic", 500, "month")
	in.arrives(b, 1)
	for _, tt := range []struct {
		query string
		want  int
	}{{"", 3}, {"?type=price.created", 1}, {"?type=customer.*", 1}, {"?undelivered=1", 1}, {"?undelivered=1&type=price.created", 0}, {"?type=nonsense", 0}} {
		if _, page := b.visit("/_sandbox/events" + tt.query); page.Find("[data-testid=event]").Length() != tt.want {
			t.Errorf("%q: %d events, want %d", tt.query, page.Find("[data-testid=event]").Length(), tt.want)
		}
	}
}

func TestOlderEventsAreOnTheNextPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 60 {
		b.customer()
	}
	_, page := b.visit("/_sandbox/events?type=customer.created")
	older, ok := page.Find("#older").Attr("href")
	if !ok || page.Find("[data-testid=event]").Length() != 50 {
		t.Fatalf("first page: %d events, %q", page.Find("[data-testid=event]").Length(), older)
	}
	if _, page = b.visit(older); page.Find("[data-testid=event]").Length() != 10 || page.Find("#older").Length() != 0 {
		t.Errorf("second page: %d events", page.Find("[data-testid=event]").Length())
	}
}

func TestAnEventsPageTellsOfItsDeliveries(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(time.Hour, time.Hour))
	b.deleteInbox()
	good, bad := newListener(b), newListener(b)
	bad.answer(http.StatusBadGateway)
	good.endpoint(b, "customer.created")
	bad.endpoint(b, "customer.created")
	b.customer()
	b.eventually("both got it", func() bool { return b.attempts() == 2 })
	_, page := b.visit("/_sandbox/events/" + b.last("customer.created").ID)
	rows := page.Find("[data-testid=delivery]")
	if rows.Length() != 2 || !strings.Contains(rows.First().Text(), "acknowledged") || !strings.Contains(rows.Last().Text(), "next attempt") || !strings.Contains(rows.Last().Text(), "502") {
		t.Errorf("deliveries: %q", rows.Text())
	}
	if !strings.Contains(page.Find("pre").Text(), "ada@example.com") {
		t.Error("there is no payload")
	}
}

func TestFaultsAreSetOnTheirPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, page := b.visit("/_sandbox/dashboard/faults")
	form := url.Values{}
	page.Find("#faults input").Each(func(_ int, in *goquery.Selection) { form.Set(in.AttrOr("name", ""), in.AttrOr("value", "")) })
	if len(form) != 10+12 || page.Find("#faults-on").Length() != 0 {
		t.Errorf("%d fields", len(form))
	}
	form.Set("webhooks[drop_rate]", "0.25")
	form.Set("api[error_rates][429]", "0.5")
	page, to := b.press("/_sandbox/dashboard/faults", form)
	if got := b.faults(); to != "/_sandbox/dashboard/faults" || got.Webhooks.DropRate != 0.25 || got.API.ErrorRates["429"] != 0.5 || page.Find("#faults-on").Length() != 1 {
		t.Errorf("set: %+v", got)
	}
	if v := page.Find(`input[name="webhooks[drop_rate]"]`).AttrOr("value", ""); v != "0.25" {
		t.Errorf("the form shows %q", v)
	}
	form.Set("webhooks[drop_rate]", "3")
	status, page, _ := b.submit("/_sandbox/dashboard/faults", form)
	field := page.Find(`input[name="webhooks[drop_rate]"]`)
	if status != http.StatusBadRequest || field.AttrOr("value", "") != "3" || field.AttrOr("aria-invalid", "") != "true" || !strings.Contains(page.Find("#problem").Text(), "from 0 to 1") {
		t.Errorf("refused: %d %q", status, page.Find("#problem").Text())
	}
	if page, _ = b.press("/_sandbox/dashboard/faults/end", nil); b.faults().On() || page.Find("#faults-on").Length() != 0 {
		t.Error("they are still on")
	}
}
