package stripeapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"

	"github.com/payloop/payloop/internal/billing"
)

// spec answers as Stripe's OpenAPI description says, and refuses what it does
// not allow: unknown parameters, wrong types, missing ones. It takes a while to
// read, so all tests share it; it keeps no state.
var spec = sync.OnceValues(func() (*server.StubServer, error) {
	description, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		return nil, err
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		return nil, err
	}
	return server.NewStubServer(fixtures, description, false, false)
})

// call is a request as it was sent.
type call struct {
	Method, Path string
	Form         url.Values
	Header       http.Header
}

// specBundle is a client whose requests are checked against the specification.
type specBundle struct {
	client *Client
	mu     sync.Mutex
	calls  []call
	// answer, when set, replaces the specification's example answer.
	answer func(c call) (status int, body string)
}

const testKey = "sk_test_specification"

func setupSpec(t *testing.T) *specBundle {
	t.Helper()
	stub, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	b := &specBundle{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, err := url.ParseQuery(string(body) + "&" + r.URL.RawQuery)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		delete(form, "")
		sent := call{r.Method, r.URL.Path, form, r.Header.Clone()}

		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := httptest.NewRecorder()
		stub.HandleRequest(rec, r)
		if rec.Code >= 400 {
			t.Errorf("%s %s %v: the specification refuses it: %s", r.Method, r.URL.Path, form, rec.Body)
		}

		b.mu.Lock()
		b.calls = append(b.calls, sent)
		answer := b.answer
		b.mu.Unlock()
		status, text := rec.Code, rec.Body.String()
		if answer != nil {
			if s, body := answer(sent); s != 0 {
				status, text = s, body
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, text)
	}))
	t.Cleanup(srv.Close)
	b.client = New(Options{Key: testKey, BaseURL: srv.URL, PortalReturnURL: "https://app.example/account"})
	noPauses(b.client)
	return b
}

func (b *specBundle) last(t *testing.T, method, path string) call {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range slices.Backward(b.calls) {
		if c.Method == method && c.Path == path {
			return c
		}
	}
	t.Fatalf("no request %s %s was sent", method, path)
	return call{}
}

// want checks fields of the form; an empty value means absent.
func (c call) want(t *testing.T, fields map[string]string) {
	t.Helper()
	for k, want := range fields {
		if got := c.Form.Get(k); got != want {
			t.Errorf("%s %s: %s = %q, want %q", c.Method, c.Path, k, got, want)
		}
	}
}

func TestSpecCustomer(t *testing.T) {
	t.Parallel()
	b := setupSpec(t)
	got, err := b.client.CreateCustomer(t.Context(), billing.User{ID: "u-1", Email: "ann@example.com"}, "customer:u-1")
	if err != nil {
		t.Fatal(err)
	}
	if got.ID == "" || got.UserID != "u-1" {
		t.Errorf("got %+v", got)
	}
	sent := b.last(t, "POST", "/v1/customers")
	sent.want(t, map[string]string{"email": "ann@example.com", "metadata[payloop_user_id]": "u-1"})
	if got := sent.Header.Get("Idempotency-Key"); got != "customer:u-1" {
		t.Errorf("Idempotency-Key %q", got)
	}
	if got := sent.Header.Get("Stripe-Version"); got != "2024-06-20" {
		t.Errorf("Stripe-Version %q", got)
	}
	if got := sent.Header.Get("X-Stripe-Client-Telemetry"); got != "" {
		t.Errorf("telemetry is sent: %q", got)
	}
}

func checkoutOf(interval billing.Interval, trial int64) CheckoutParams {
	return CheckoutParams{
		Checkout: billing.Checkout{
			ID: "5b0e4a5e-0000-4000-8000-000000000001", UserID: "u-1", Plan: "Basic",
			Interval: interval, PriceID: "price_1", TrialDays: trial,
		},
		CustomerID: "cus_1", UserID: "u-1",
		SuccessURL: "https://app.example/checkout/success?session_id={CHECKOUT_SESSION_ID}",
		CancelURL:  "https://app.example/checkout/cancelled",
	}
}

func TestSpecCheckout(t *testing.T) {
	t.Parallel()
	common := map[string]string{
		"customer": "cus_1", "client_reference_id": "u-1", "allow_promotion_codes": "true",
		"line_items[0][price]": "price_1", "line_items[0][quantity]": "1",
		"success_url":                   "https://app.example/checkout/success?session_id={CHECKOUT_SESSION_ID}",
		"cancel_url":                    "https://app.example/checkout/cancelled",
		"metadata[payloop_user_id]":     "u-1",
		"metadata[payloop_checkout_id]": "5b0e4a5e-0000-4000-8000-000000000001",
		"metadata[payloop_plan]":        "Basic",
	}
	for name, tc := range map[string]struct {
		interval billing.Interval
		trial    int64
		want     map[string]string
	}{
		"monthly": {billing.Month, 0, map[string]string{
			"mode": "subscription", "metadata[payloop_interval]": "month",
			"subscription_data[metadata][payloop_user_id]":     "u-1",
			"subscription_data[metadata][payloop_checkout_id]": "5b0e4a5e-0000-4000-8000-000000000001",
			"subscription_data[metadata][payloop_plan]":        "Basic",
			"subscription_data[metadata][payloop_interval]":    "month",
			"subscription_data[trial_period_days]":             "",
			"payment_intent_data[metadata][payloop_plan]":      "",
		}},
		"yearly with a trial": {billing.Year, 14, map[string]string{
			"mode": "subscription", "subscription_data[trial_period_days]": "14",
		}},
		"once": {billing.Once, 0, map[string]string{
			"mode": "payment", "metadata[payloop_interval]": "once",
			"payment_intent_data[metadata][payloop_user_id]":     "u-1",
			"payment_intent_data[metadata][payloop_checkout_id]": "5b0e4a5e-0000-4000-8000-000000000001",
			"payment_intent_data[metadata][payloop_plan]":        "Basic",
			"payment_intent_data[metadata][payloop_interval]":    "once",
			"subscription_data[metadata][payloop_plan]":          "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupSpec(t)
			p := checkoutOf(tc.interval, tc.trial)
			got, err := b.client.CreateCheckoutSession(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if got.ID == "" {
				t.Errorf("got %+v", got)
			}
			sent := b.last(t, "POST", "/v1/checkout/sessions")
			sent.want(t, common)
			sent.want(t, tc.want)
			if got := sent.Header.Get("Idempotency-Key"); got != p.Checkout.ID {
				t.Errorf("Idempotency-Key %q", got)
			}
		})
	}
}

func TestSpecReadsAndStateChanges(t *testing.T) {
	t.Parallel()
	b := setupSpec(t)
	ctx := t.Context()
	if got, err := b.client.CheckoutSession(ctx, "cs_test_1"); err != nil || got.ID != "cs_test_1" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := b.client.ExpireCheckoutSession(ctx, "cs_test_1"); err != nil {
		t.Error(err)
	}
	if err := b.client.CancelSubscription(ctx, "sub_1", true, ""); err != nil {
		t.Error(err)
	}
	b.last(t, "POST", "/v1/subscriptions/sub_1").want(t, map[string]string{"cancel_at_period_end": "true"})
	if err := b.client.CancelSubscription(ctx, "sub_1", false, "key"); err != nil {
		t.Error(err)
	}
	b.last(t, "DELETE", "/v1/subscriptions/sub_1")

	for kind, path := range map[billing.ObjectKind]string{
		billing.CustomerObject:     "/v1/customers/x_1",
		billing.SubscriptionObject: "/v1/subscriptions/x_1",
		billing.InvoiceObject:      "/v1/invoices/x_1",
		billing.SessionObject:      "/v1/checkout/sessions/x_1",
		billing.ChargeObject:       "/v1/charges/x_1",
	} {
		raw, asOf, err := b.client.Fetch(ctx, billing.ObjectRef{Kind: kind, ID: "x_1"})
		if err != nil || !json.Valid(raw) || asOf.IsZero() {
			t.Errorf("%s: %s %v %v", kind, raw, asOf, err)
		}
		var object struct{ ID, Object string }
		if err := json.Unmarshal(raw, &object); err != nil || object.ID != "x_1" || object.Object != string(kind) {
			t.Errorf("%s: got %+v, %v", kind, object, err)
		}
		b.last(t, "GET", path)
	}
}

func TestSpecPortal(t *testing.T) {
	t.Parallel()
	b := setupSpec(t)
	b.answer = func(c call) (int, string) {
		if c.Method == "GET" && c.Path == "/v1/billing_portal/configurations" {
			return 200, `{"object":"list","has_more":false,"data":[
				{"id":"bpc_other","created":1,"active":true,"metadata":{}},
				{"id":"bpc_newer","created":9,"active":true,"metadata":{"payloop":"portal"}},
				{"id":"bpc_ours","created":5,"active":true,"metadata":{"payloop":"portal"}}]}`
		}
		return 0, ""
	}
	url, err := b.client.CreatePortalSession(t.Context(), PortalParams{
		CustomerID: "cus_1", ReturnURL: "https://app.example/account",
		Change: &PlanChange{SubscriptionID: "sub_1", ItemID: "si_1", PriceID: "price_2", Quantity: 1},
	})
	if err != nil || url == "" {
		t.Fatal(url, err)
	}
	b.last(t, "GET", "/v1/billing_portal/configurations").want(t, map[string]string{"active": "true", "limit": "100"})
	b.last(t, "POST", "/v1/billing_portal/sessions").want(t, map[string]string{
		"customer": "cus_1", "return_url": "https://app.example/account", "configuration": "bpc_ours",
		"flow_data[type]": "subscription_update_confirm",
		"flow_data[subscription_update_confirm][subscription]":       "sub_1",
		"flow_data[subscription_update_confirm][items][0][id]":       "si_1",
		"flow_data[subscription_update_confirm][items][0][price]":    "price_2",
		"flow_data[subscription_update_confirm][items][0][quantity]": "1",
		"flow_data[after_completion][type]":                          "redirect",
		"flow_data[after_completion][redirect][return_url]":          "https://app.example/account",
	})
	if _, err := b.client.CreatePortalSession(t.Context(), PortalParams{CustomerID: "cus_1", ReturnURL: "https://app.example/account"}); err != nil {
		t.Fatal(err)
	}
	b.last(t, "POST", "/v1/billing_portal/sessions").want(t, map[string]string{"flow_data[type]": "", "configuration": "bpc_ours"})
	if n := b.count("GET", "/v1/billing_portal/configurations"); n != 1 {
		t.Errorf("the configuration was looked up %d times, want once", n)
	}
}

func (b *specBundle) count(method, path string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, c := range b.calls {
		if c.Method == method && c.Path == path {
			n++
		}
	}
	return n
}

func TestSpecCatalog(t *testing.T) {
	t.Parallel()
	b := setupSpec(t)
	ctx := t.Context()
	product := billing.RemoteProduct{ID: "payloop_basic", Name: "Acme Basic", Description: "For starters.", Plan: "Basic", Active: true}
	price := billing.RemotePrice{
		ProductID: "payloop_basic", Nickname: "Basic, by the month", LookupKey: "Basic_monthly_price", Plan: "Basic",
		Interval: billing.Month, Money: billing.Money{Amount: 500, Currency: "usd"}, Active: true,
	}
	portal := billing.RemotePortal{Headline: "Your Acme plan", Products: []billing.PortalProduct{
		{ProductID: "payloop_basic", PriceIDs: []string{"price_1", "price_2"}},
		{ProductID: "payloop_power", PriceIDs: []string{"price_3"}},
	}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.client.CreateProduct(ctx, product))
	b.last(t, "POST", "/v1/products").want(t, map[string]string{
		"id": "payloop_basic", "name": "Acme Basic", "description": "For starters.", "active": "true", "metadata[payloop_plan]": "Basic",
	})
	must(b.client.CreateProduct(ctx, billing.RemoteProduct{ID: "payloop_bare", Name: "Bare", Plan: "Bare", Active: true}))
	if _, sent := b.last(t, "POST", "/v1/products").Form["description"]; sent {
		t.Error("an empty description is sent when creating, which Stripe refuses")
	}
	must(b.client.UpdateProduct(ctx, product))
	b.last(t, "POST", "/v1/products/payloop_basic").want(t, map[string]string{"name": "Acme Basic", "active": "true"})

	_, err := b.client.CreatePrice(ctx, price)
	must(err)
	monthly := b.last(t, "POST", "/v1/prices")
	monthly.want(t, map[string]string{
		"product": "payloop_basic", "unit_amount": "500", "currency": "usd", "recurring[interval]": "month",
		"lookup_key": "Basic_monthly_price", "transfer_lookup_key": "true", "nickname": "Basic, by the month",
		"metadata[payloop_plan]": "Basic", "metadata[payloop_interval]": "month",
	})
	once := price
	once.Interval, once.LookupKey = billing.Once, "Basic_instant_price"
	_, err = b.client.CreatePrice(ctx, once)
	must(err)
	b.last(t, "POST", "/v1/prices").want(t, map[string]string{"recurring[interval]": "", "metadata[payloop_interval]": "once"})

	price.ID, price.Default = "price_1", true
	must(b.client.UpdatePrice(ctx, price))
	b.last(t, "POST", "/v1/prices/price_1").want(t, map[string]string{
		"active": "true", "lookup_key": "Basic_monthly_price", "transfer_lookup_key": "true", "unit_amount": "",
	})
	must(b.client.DeactivatePrice(ctx, price))
	b.last(t, "POST", "/v1/prices/price_1").want(t, map[string]string{"active": "false", "lookup_key": ""})
	if v, sent := b.last(t, "POST", "/v1/products/payloop_basic").Form["default_price"]; !sent || v[0] != "" {
		t.Errorf("default_price %v, want it unset before the price goes", v)
	}

	_, err = b.client.SavePortal(ctx, portal)
	must(err)
	b.last(t, "POST", "/v1/billing_portal/configurations").want(t, map[string]string{
		"business_profile[headline]": "Your Acme plan", "metadata[payloop]": "portal",
		"default_return_url":                                             "https://app.example/account",
		"features[customer_update][enabled]":                             "false",
		"features[invoice_history][enabled]":                             "true",
		"features[payment_method_update][enabled]":                       "true",
		"features[subscription_cancel][enabled]":                         "true",
		"features[subscription_cancel][mode]":                            "at_period_end",
		"features[subscription_cancel][cancellation_reason][enabled]":    "true",
		"features[subscription_cancel][cancellation_reason][options][0]": "too_expensive",
		"features[subscription_update][enabled]":                         "true",
		"features[subscription_update][default_allowed_updates][0]":      "price",
		"features[subscription_update][proration_behavior]":              "always_invoice",
		"features[subscription_update][products][0][product]":            "payloop_basic",
		"features[subscription_update][products][0][prices][1]":          "price_2",
		"features[subscription_update][products][1][prices][0]":          "price_3",
	})
	portal.ID, portal.Products = "bpc_1", nil
	_, err = b.client.SavePortal(ctx, portal)
	must(err)
	b.last(t, "POST", "/v1/billing_portal/configurations/bpc_1").want(t, map[string]string{
		"active": "true", "features[subscription_update][enabled]": "false",
	})

	local := billing.Catalog{Plans: []billing.Plan{{Name: "Basic", Prices: []billing.Price{
		{Plan: "Basic", Interval: billing.Month}, {Plan: "Basic", Interval: billing.Once, StripeID: "price_hand"},
	}}}}
	_, err = b.client.RemoteCatalog(ctx, local)
	must(err)
	b.last(t, "GET", "/v1/prices/price_hand")
	b.last(t, "GET", "/v1/billing_portal/configurations").want(t, map[string]string{
		"expand[0]": "data.features.subscription_update.products", "active": "",
	})
	b.answer = func(c call) (int, string) {
		return 200, `{"object":"list","data":[{"id":"price_9","active":true,"lookup_key":"Basic_monthly_price"}]}`
	}
	id, err := b.client.PriceID(ctx, billing.Price{Plan: "Basic", Interval: billing.Month})
	must(err)
	if id != "price_9" {
		t.Errorf("got %q", id)
	}
	b.last(t, "GET", "/v1/prices").want(t, map[string]string{"lookup_keys[0]": "Basic_monthly_price", "active": "true"})
}

// A check that lets everything pass would prove nothing.
func TestSpecRefuses(t *testing.T) {
	t.Parallel()
	stub, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"emial=a", "metadata=a", "address[line1][x]=1"} {
		req := httptest.NewRequest(http.MethodPost, "/v1/customers", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+testKey)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		stub.HandleRequest(rec, req)
		if rec.Code != http.StatusBadRequest {
			t.Errorf("%s was answered %d", body, rec.Code)
		}
	}
}
