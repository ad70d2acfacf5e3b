package stripeapi

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

// A price that is created again within a day is Stripe's earlier answer.
func TestCreatePriceReplayed(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var log []string
	ids := map[string]string{} // idempotency key → id
	deleted := map[string]bool{"price_1": true}
	c := setup(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, r.URL.Path)
		if id, isUpdate := strings.CutPrefix(r.URL.Path, "/v1/prices/"); isUpdate {
			if deleted[id] {
				stripeError(w, 404, `"type":"invalid_request_error","code":"resource_missing","param":"price"`)
			} else {
				answer(w, 200, `{"id":"`+id+`"}`)
			}
			return
		}
		key := r.Header.Get("Idempotency-Key")
		if ids[key] != "" {
			w.Header().Set("Idempotent-Replayed", "true")
		} else {
			ids[key] = fmt.Sprintf("price_%d", len(ids)+1)
		}
		answer(w, 200, `{"id":"`+ids[key]+`"}`)
	})
	p := billing.RemotePrice{ProductID: "payloop_basic", LookupKey: "Basic_monthly_price", Plan: "Basic", Interval: billing.Month}
	for i, want := range []struct{ id, log string }{
		{"price_1", "[/v1/prices]"},
		{"price_2", "[/v1/prices /v1/prices/price_1 /v1/prices]"},                    // the first was deleted
		{"price_2", "[/v1/prices /v1/prices/price_1 /v1/prices /v1/prices/price_2]"}, // the second lives
	} {
		log = nil
		got, err := c.CreatePrice(t.Context(), p)
		if err != nil || got != want.id || fmt.Sprint(log) != want.log {
			t.Errorf("%d: got %s, %v, %v, want %+v", i, got, err, log, want)
		}
	}
	p.Money.Amount = 1
	if got, err := c.CreatePrice(t.Context(), p); err != nil || got != "price_3" {
		t.Errorf("another price: %s, %v", got, err)
	}
}

func TestCreateProductThatExists(t *testing.T) {
	t.Parallel()
	var paths []string
	c := setup(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		if r.URL.Path == "/v1/products" {
			stripeError(w, 400, `"type":"invalid_request_error","code":"resource_already_exists"`)
			return
		}
		answer(w, 200, `{"id":"payloop_basic"}`)
	})
	err := c.CreateProduct(t.Context(), billing.RemoteProduct{ID: "payloop_basic", Name: "Basic"})
	if err != nil || fmt.Sprint(paths) != "[/v1/products /v1/products/payloop_basic]" {
		t.Errorf("%v %v", paths, err)
	}
}

// What Stripe lists, over several pages, and what of it concerns the catalog.
func TestRemoteCatalog(t *testing.T) {
	t.Parallel()
	const portal = `{"id":"bpc_1","created":1,"active":true,"metadata":{"payloop":"portal"},
		"business_profile":{"headline":"H"},"default_return_url":"https://app.example/account",
		"features":{"customer_update":{"enabled":false},"invoice_history":{"enabled":true},"payment_method_update":{"enabled":true},
			"subscription_cancel":{"enabled":true,"mode":"at_period_end","cancellation_reason":{"enabled":true}},
			"subscription_update":{"enabled":true,"default_allowed_updates":["price"],"proration_behavior":"%s","products":[
				{"product":"prod_b","prices":["price_9","price_3"]},{"product":"prod_a","prices":["price_1"]}]}}}`
	proration := "always_invoice"
	c := setup(t, Options{PortalReturnURL: "https://app.example/account"}, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch key := strings.TrimPrefix(r.URL.Path, "/v1/") + " " + q.Get("active") + " " + q.Get("product") + " " + q.Get("starting_after"); key {
		case "prices true  ":
			answer(w, 200, `{"has_more":true,"data":[
				{"id":"price_1","active":true,"product":"prod_a","unit_amount":500,"currency":"usd","lookup_key":"Basic_monthly_price","recurring":{"interval":"month","interval_count":1}},
				{"id":"price_strange","active":true,"product":"prod_x","unit_amount":1,"currency":"usd"}]}`)
		case "prices true  price_strange":
			answer(w, 200, `{"data":[
				{"id":"price_2","active":true,"product":"prod_b","unit_amount":700,"currency":"usd","metadata":{"payloop_plan":"Old"},"recurring":{"interval":"month","interval_count":3}},
				{"id":"price_3","active":true,"product":"prod_b","currency":"usd","billing_scheme":"tiered","metadata":{"payloop_plan":"Old"}},
				{"id":"price_4","active":true,"product":"prod_b","currency":"usd","unit_amount":1,"metadata":{"payloop_plan":"Old"},"recurring":{"interval":"month","usage_type":"metered"}}]}`)
		case "prices false prod_a ":
			answer(w, 200, `{"data":[
				{"id":"price_5","active":false,"product":"prod_a","unit_amount":400,"currency":"usd","nickname":"N","metadata":{"payloop_plan":"Basic"}},
				{"id":"price_6","active":false,"product":"prod_a","unit_amount":300,"currency":"usd"}]}`)
		case "prices false prod_b ", "prices false prod_ours ":
			answer(w, 200, `{"data":[]}`)
		case "prices/price_hand   ":
			answer(w, 200, `{"id":"price_hand","active":false,"product":"prod_h","unit_amount":900,"currency":"usd"}`)
		case "products true  ":
			answer(w, 200, `{"data":[{"id":"prod_a","active":true,"name":"A","default_price":"price_1"},{"id":"prod_x","active":true}]}`)
		case "products false  ":
			answer(w, 200, `{"data":[{"id":"prod_b","active":false,"name":"B","description":"D"},{"id":"prod_ours","metadata":{"payloop_plan":"Gone"}}]}`)
		case "billing_portal/configurations   ":
			answer(w, 200, `{"data":[`+fmt.Sprintf(portal, proration)+`]}`)
		default:
			t.Errorf("unexpected: %s", r.URL)
		}
	})
	local := billing.Catalog{Plans: []billing.Plan{{Name: "Basic", Prices: []billing.Price{
		{Plan: "Basic", Interval: billing.Month}, {Plan: "Basic", Interval: billing.Once, StripeID: "price_hand"},
	}}}}
	got, err := c.RemoteCatalog(t.Context(), local)
	if err != nil {
		t.Fatal(err)
	}
	usd := func(n int64) billing.Money { return billing.Money{Amount: n, Currency: "usd"} }
	want := billing.RemoteCatalog{
		Products: []billing.RemoteProduct{
			{ID: "prod_a", Name: "A", Active: true},
			{ID: "prod_b", Name: "B", Description: "D"},
			{ID: "prod_ours", Plan: "Gone"},
		},
		Prices: []billing.RemotePrice{
			{ID: "price_1", ProductID: "prod_a", LookupKey: "Basic_monthly_price", Interval: billing.Month, Money: usd(500), Active: true, Default: true},
			{ID: "price_2", ProductID: "prod_b", Plan: "Old", Interval: "3 months", Money: usd(700), Active: true},
			{ID: "price_3", ProductID: "prod_b", Plan: "Old", Interval: "with an amount that varies", Money: usd(0), Active: true},
			{ID: "price_4", ProductID: "prod_b", Plan: "Old", Interval: "metered", Money: usd(1), Active: true},
			{ID: "price_hand", ProductID: "prod_h", Interval: billing.Once, Money: usd(900)},
			{ID: "price_5", ProductID: "prod_a", Nickname: "N", Plan: "Basic", Interval: billing.Once, Money: usd(400)},
		},
		Portal: &billing.RemotePortal{ID: "bpc_1", Headline: "H", Current: true, Products: []billing.PortalProduct{
			{ProductID: "prod_a", PriceIDs: []string{"price_1"}},
			{ProductID: "prod_b", PriceIDs: []string{"price_3", "price_9"}},
		}},
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
	proration = "none"
	if got, err = c.RemoteCatalog(t.Context(), local); err != nil || got.Portal.Current {
		t.Errorf("a setting that was changed by hand is not noticed: %v", err)
	}
}

func TestNamedPriceMissing(t *testing.T) {
	t.Parallel()
	c := setup(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "price_hand") {
			stripeError(w, 404, `"type":"invalid_request_error","code":"resource_missing","param":"price"`)
			return
		}
		answer(w, 200, `{"data":[]}`)
	})
	local := billing.Catalog{Plans: []billing.Plan{{Name: "Basic", Prices: []billing.Price{{StripeID: "price_hand"}}}}}
	_, err := c.RemoteCatalog(t.Context(), local)
	if billing.KindOf(err) != billing.NotFound || !strings.Contains(err.Error(), "STRIPE_PRICE_IDS_TIER1") {
		t.Errorf("got %v", err)
	}
}
