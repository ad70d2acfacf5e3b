package sandbox_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/sandbox"
)

const acacia = "2025-02-24.acacia"

// getAt answers a GET in a version, as JSON; in the account's default version when it is empty.
func (b *bundle) getAt(path, version string) (*http.Response, map[string]any) {
	b.Helper()
	req := must(http.NewRequest(http.MethodGet, b.srv.URL+path, nil))
	req.Header.Set("Authorization", "Bearer sk_test_123")
	if version != "" {
		req.Header.Set("Stripe-Version", version)
	}
	res := must(http.DefaultClient.Do(req))
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		b.Fatalf("%s: %v", path, err)
	}
	return res, out
}

func TestAnUnknownVersionIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, version := range []string{"2020-08-27", "2025-09-30.clover", "2025-03-31", "basil", "2024-06-20, 2024-06-20"} {
		res, body := b.getAt("/v1/customers", version)
		message, _ := at(body, "error", "message").(string)
		if res.StatusCode != http.StatusBadRequest || at(body, "error", "type") != "invalid_request_error" ||
			!strings.HasPrefix(message, "Invalid Stripe API version: "+version) || !strings.Contains(message, string(latestBasil)) {
			t.Errorf("%s: %d %v", version, res.StatusCode, body)
		}
	}
	if _, err := sandbox.New(sandbox.Options{APIVersion: "2020-08-27"}); err == nil {
		t.Error("a sandbox of an unknown version was made")
	}
}

func TestTheAnswerNamesItsVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, version := range sandbox.APIVersions() {
		if res, _ := b.getAt("/v1/account", version); res.StatusCode != http.StatusOK || res.Header.Get("Stripe-Version") != version {
			t.Errorf("%s: %d, Stripe-Version %s", version, res.StatusCode, res.Header.Get("Stripe-Version"))
		}
	}
	if res, _ := b.getAt("/v1/account", ""); res.Header.Get("Stripe-Version") != "2024-06-20" {
		t.Errorf("without a header: %s", res.Header.Get("Stripe-Version"))
	}
}

func TestAcaciaHasTheShapesOfToday(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	path := "/v1/subscriptions/" + sub.ID + "?expand[]=latest_invoice.payment_intent"
	_, today := b.getAt(path, "2024-06-20")
	_, later := b.getAt(path, acacia)
	if got, want := must(json.Marshal(later)), must(json.Marshal(today)); string(got) != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Values that Basil has moved are the same ones.
func TestOneSubscriptionInTwoVersions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	_, old := b.getAt("/v1/subscriptions/"+sub.ID, "2024-06-20")
	_, fresh := b.getAt("/v1/subscriptions/"+sub.ID, string(latestBasil))
	item := at(fresh, "items", "data").([]any)[0]
	for _, field := range []string{"current_period_start", "current_period_end"} {
		if got, want := at(item, field), at(old, field); got != want || want == nil {
			t.Errorf("%s: got %v, want %v", field, got, want)
		}
	}
	gone, come := differences(old, fresh)
	if want := []string{"current_period_end", "current_period_start", "discount"}; !slices.Equal(gone, want) {
		t.Errorf("gone: %v, want %v", gone, want)
	}
	if want := []string{"billing_mode"}; !slices.Equal(come, want) {
		t.Errorf("new: %v, want %v", come, want)
	}
	for field := range old {
		if field != "items" && field != "plan" && field != "automatic_tax" && !slices.Contains(gone, field) {
			if got, want := must(json.Marshal(fresh[field])), must(json.Marshal(old[field])); string(got) != string(want) {
				t.Errorf("%s: got %s, want %s", field, got, want)
			}
		}
	}
	if _, early := b.getAt("/v1/subscriptions/"+sub.ID, "2025-03-31.basil"); has(early, "billing_thresholds") || has(early, "billing_mode") {
		t.Error("the first version of Basil has fields of the later ones")
	}
}

func TestOneInvoiceInTwoVersions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	path := "/v1/invoices/" + sub.LatestInvoice.ID
	_, old := b.getAt(path, "2024-06-20")
	_, fresh := b.getAt(path, string(latestBasil))
	gone, come := differences(old, fresh)
	if want := []string{"application_fee_amount", "charge", "discount", "paid", "paid_out_of_band", "payment_intent", "quote", "subscription",
		"subscription_details", "tax", "total_tax_amounts", "transfer_data"}; !slices.Equal(gone, want) {
		t.Errorf("gone: %v, want %v", gone, want)
	}
	if want := []string{"amount_overpaid", "parent", "total_pretax_credit_amounts", "total_taxes"}; !slices.Equal(come, want) {
		t.Errorf("new: %v, want %v", come, want)
	}
	if at(fresh, "parent", "subscription_details", "subscription") != at(old, "subscription") || at(fresh, "parent", "type") != "subscription_details" {
		t.Errorf("parent: %v", fresh["parent"])
	}
	line, was := at(fresh, "lines", "data").([]any)[0], at(old, "lines", "data").([]any)[0]
	gone, come = differences(was.(map[string]any), line.(map[string]any))
	if want := []string{"amount_excluding_tax", "plan", "price", "proration", "proration_details", "subscription", "subscription_item", "tax_amounts",
		"tax_rates", "type", "unit_amount_excluding_tax"}; !slices.Equal(gone, want) {
		t.Errorf("gone from the line: %v, want %v", gone, want)
	}
	if want := []string{"parent", "pretax_credit_amounts", "pricing", "taxes"}; !slices.Equal(come, want) {
		t.Errorf("new on the line: %v, want %v", come, want)
	}
	if at(line, "parent", "subscription_item_details", "subscription_item") != at(was, "subscription_item") ||
		at(line, "pricing", "price_details", "price") != at(was, "price", "id") || at(line, "pricing", "unit_amount_decimal") != "500" {
		t.Errorf("line: %v", line)
	}
}

func TestPaymentsForgetTheirInvoiceInBasil(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.subscribed(b.price("Basic", 500, "month"), visa)
	for _, path := range []string{"/v1/charges", "/v1/payment_intents"} {
		_, old := b.getAt(path, "2024-06-20")
		_, fresh := b.getAt(path, string(latestBasil))
		if !has(at(old, "data").([]any)[0], "invoice") || has(at(fresh, "data").([]any)[0], "invoice") {
			t.Errorf("%s: %v", path, fresh)
		}
	}
}

func TestExpandFollowsTheVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	for _, tt := range []struct {
		path    string
		today   bool
		inBasil bool
	}{
		{"/v1/subscriptions/" + sub.ID + "?expand[]=latest_invoice.payment_intent", true, false},
		{"/v1/subscriptions/" + sub.ID + "?expand[]=latest_invoice.charge", true, false},
		{"/v1/subscriptions/" + sub.ID + "?expand[]=latest_invoice.payments", false, true},
		{"/v1/subscriptions/" + sub.ID + "?expand[]=latest_invoice.confirmation_secret", false, true},
		{"/v1/subscriptions/" + sub.ID + "?expand[]=latest_invoice.lines.data", true, true},
		{"/v1/invoices?expand[]=data.payment_intent", true, false},
		{"/v1/invoices?expand[]=data.subscription", true, false},
		{"/v1/invoices?expand[]=data.parent.subscription_details.subscription", false, true},
		{"/v1/invoices/" + sub.LatestInvoice.ID + "?expand[]=payments.data.payment.payment_intent", false, true},
		{"/v1/invoices?expand[]=data.payments.data.payment", false, true},
		{"/v1/invoices?expand[]=data.parent", false, false},
		{"/v1/charges?expand[]=data.invoice", true, false},
		{"/v1/payment_intents?expand[]=data.invoice", true, false},
		{"/v1/payment_intents?expand[]=data.latest_charge", true, true},
		{"/v1/customers/" + sub.Customer.ID + "?expand[]=subscriptions.data.latest_invoice", true, true},
	} {
		for version, want := range map[string]bool{"2024-06-20": tt.today, acacia: tt.today, string(latestBasil): tt.inBasil} {
			res, body := b.getAt(tt.path, version)
			if ok := res.StatusCode == http.StatusOK; ok != want || !ok && !strings.HasPrefix(at(body, "error", "message").(string), "This property cannot be expanded") {
				t.Errorf("%s at %s: %d %v", tt.path, version, res.StatusCode, body["error"])
			}
		}
	}
}

func TestExpansionsEndAfterFourLevels(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	for path, version := range map[string]string{
		"/v1/subscriptions?expand[]=data.items.data.price.product":                                                "2024-06-20",
		"/v1/subscriptions/" + sub.ID + "?expand[]=latest_invoice.payments.data.payment.payment_intent":           string(latestBasil),
		"/v1/subscriptions/" + sub.ID + "?expand[]=latest_invoice.payment_intent.latest_charge.customer.nonsense": "2024-06-20",
	} {
		if res, body := b.getAt(path, version); res.StatusCode != http.StatusBadRequest || at(body, "error", "code") != "property_expansion_max_depth" {
			t.Errorf("%s: %d %v", path, res.StatusCode, body)
		}
	}
	if res, body := b.getAt("/v1/subscriptions/"+sub.ID+"?expand[]=items.data.price.product", "2024-06-20"); res.StatusCode != http.StatusOK {
		t.Errorf("four levels: %v", body)
	}
}

func TestWhatAVersionDoesNotHaveIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, _ := b.subscribed(b.price("Basic", 500, "month"), visa)
	for _, tt := range []struct{ path, version string }{
		{"/v1/invoices/upcoming?customer=" + c.ID, string(latestBasil)},
		{"/v1/invoice_payments", "2024-06-20"},
	} {
		if res, body := b.getAt(tt.path, tt.version); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s at %s: %d %v", tt.path, tt.version, res.StatusCode, body)
		}
	}
	for _, tt := range []struct{ path, form, param string }{
		{"/v1/customers", "coupon=x", "coupon"},
		{"/v1/customers/" + c.ID, "promotion_code=x", "promotion_code"},
		{"/v1/subscriptions", "customer=" + c.ID + "&coupon=x", "coupon"},
		{"/v1/prices", "currency=usd&recurring[aggregate_usage]=sum", "recurring[aggregate_usage]"},
	} {
		res, body := b.post(tt.path, tt.form, "Stripe-Version", string(latestBasil))
		if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "parameter_unknown") || !strings.Contains(body, `"param": "`+tt.param+`"`) {
			t.Errorf("%s %s: %d %s", tt.path, tt.form, res.StatusCode, body)
		}
	}
}

func TestAReplayAnswersTheSameBytesInAnyVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.customer(), b.price("Basic", 500, "month")
	b.post("/v1/payment_methods/pm_card_visa/attach", "customer="+c.ID)
	form := "customer=" + c.ID + "&trial_period_days=7&items[0][price]=" + price.ID
	first, made := b.post("/v1/subscriptions", form, "Idempotency-Key", "k", "Stripe-Version", string(latestBasil))
	again, replayed := b.post("/v1/subscriptions", form, "Idempotency-Key", "k")
	if first.StatusCode != http.StatusOK || made != replayed || again.Header.Get("Idempotent-Replayed") != "true" ||
		again.Header.Get("Stripe-Version") != string(latestBasil) {
		t.Errorf("%d %s\nthen %v %s", first.StatusCode, made, again.Header, replayed)
	}
}

func TestARefusedCardIsToldInTheVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), failsAtRenewal)
	b.advance(month)
	_, list := b.getAt("/v1/invoices?status=open&subscription="+sub.ID, string(latestBasil))
	invoice := at(list, "data").([]any)[0].(map[string]any)["id"].(string)
	res, body := b.post("/v1/invoices/"+invoice+"/pay", "", "Stripe-Version", string(latestBasil))
	var e map[string]any
	if err := json.Unmarshal([]byte(body), &e); err != nil || res.StatusCode != http.StatusPaymentRequired {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if intent := at(e, "error", "payment_intent"); intent == nil || has(intent, "invoice") {
		t.Errorf("payment intent: %v", intent)
	}
}

// differences are the fields of an object that are gone, and those that came, each in order.
func differences(old, fresh map[string]any) (gone, come []string) {
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if !has(fresh, name) {
			gone = append(gone, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fresh)) {
		if !has(old, name) {
			come = append(come, name)
		}
	}
	return gone, come
}

// has reports whether an object has a field, if only null.
func has(object any, field string) bool {
	_, ok := object.(map[string]any)[field]
	return ok
}
