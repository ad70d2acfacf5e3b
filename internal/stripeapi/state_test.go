package stripeapi

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

func TestCheckoutParamsArePure(t *testing.T) {
	t.Parallel()
	var bodies []string
	for range 20 { // maps are walked in another order each time
		c := setup(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(body))
			answer(w, 200, `{"id":"cs_1"}`)
		})
		if _, err := c.CreateCheckoutSession(t.Context(), checkoutOf(billing.Month, 7)); err != nil {
			t.Fatal(err)
		}
		if last := bodies[len(bodies)-1]; last != bodies[0] {
			t.Fatalf("two bodies:\n%s\n%s", bodies[0], last)
		}
	}
}

func TestStateConflicts(t *testing.T) {
	t.Parallel()
	refuse := func(state string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				answer(w, 200, `{"id":"x_1","status":"`+state+`"}`)
				return
			}
			if r.Method == http.MethodDelete {
				stripeError(w, 404, `"type":"invalid_request_error","code":"resource_missing","param":"id"`)
				return
			}
			stripeError(w, 400, `"type":"invalid_request_error","message":"not in this state"`)
		}
	}
	expire := func(c *Client) error { return c.ExpireCheckoutSession(t.Context(), "cs_1") }
	atEnd := func(c *Client) error { return c.CancelSubscription(t.Context(), "sub_1", true, "") }
	atOnce := func(c *Client) error { return c.CancelSubscription(t.Context(), "sub_1", false, "") }
	const none = billing.Kind(-1)
	for name, tc := range map[string]struct {
		call  func(*Client) error
		state string
		want  billing.Kind
	}{
		"expire a complete session":         {expire, "complete", billing.Conflict},
		"expire an expired session":         {expire, "expired", billing.Conflict},
		"expire, refused for other reasons": {expire, "open", billing.Internal},
		"cancel at period end what ended":   {atEnd, "canceled", billing.Conflict},
		"cancel at period end, refused":     {atEnd, "active", billing.Internal},
		"cancel at once what ended":         {atOnce, "canceled", none},
		"cancel at once, not to be found":   {atOnce, "active", billing.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tc.call(setup(t, Options{}, refuse(tc.state)))
			if tc.want == none {
				if err != nil {
					t.Errorf("got %v", err)
				}
			} else if err == nil || billing.KindOf(err) != tc.want {
				t.Errorf("got %v (%v), want %v", err, billing.KindOf(err), tc.want)
			}
		})
	}
}

func TestPortalConfigurationGone(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	lists, sessions := 0, []string{}
	c := setup(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodGet {
			lists++
			if lists == 1 {
				answer(w, 200, `{"data":[{"id":"bpc_old","metadata":{"payloop":"portal"}}]}`)
			} else {
				answer(w, 200, `{"data":[]}`)
			}
			return
		}
		config := r.FormValue("configuration")
		sessions = append(sessions, config)
		if config == "bpc_old" {
			stripeError(w, 400, `"type":"invalid_request_error","code":"resource_missing","param":"configuration"`)
			return
		}
		answer(w, 200, `{"url":"https://billing.example/p"}`)
	})
	url, err := c.CreatePortalSession(t.Context(), PortalParams{CustomerID: "cus_1", ReturnURL: "https://app.example"})
	if err != nil || url != "https://billing.example/p" {
		t.Fatal(url, err)
	}
	if lists != 2 || fmt.Sprint(sessions) != "[bpc_old ]" {
		t.Errorf("%d lists, sessions with %q", lists, sessions)
	}
}

func TestPortalChangeRefused(t *testing.T) {
	t.Parallel()
	c := setup(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			answer(w, 200, `{"data":[]}`)
			return
		}
		stripeError(w, 400, `"type":"invalid_request_error","param":"flow_data","message":"no-op"`)
	})
	p := PortalParams{CustomerID: "cus_1", ReturnURL: "https://app.example", Change: &PlanChange{SubscriptionID: "sub_1", ItemID: "si_1", PriceID: "price_1"}}
	if _, err := c.CreatePortalSession(t.Context(), p); billing.KindOf(err) != billing.Conflict {
		t.Errorf("with a change: %v", err)
	}
	p.Change = nil
	if _, err := c.CreatePortalSession(t.Context(), p); billing.KindOf(err) != billing.Internal || !strings.Contains(err.Error(), "payloop catalog sync") {
		t.Errorf("without: %v", err)
	}
}

func TestCheckoutSessionIsReadWhole(t *testing.T) {
	t.Parallel()
	c := setup(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, `{"id":"cs_1","object":"checkout.session","customer":"cus_1","client_reference_id":"u-1","mode":"subscription",
			"status":"complete","payment_status":"paid","payment_intent":"pi_1","subscription":"sub_1","invoice":"in_1",
			"url":null,"amount_total":500,"currency":"usd","created":1772366400,"expires_at":1772452800,
			"metadata":{"payloop_plan":"Basic","payloop_checkout_id":"ck-1"}}`)
	})
	got, err := c.CheckoutSession(t.Context(), "cs_1")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	want := billing.CheckoutSession{
		ID: "cs_1", CheckoutID: "ck-1", CustomerID: "cus_1", ClientReferenceID: "u-1", Mode: "subscription", Status: "complete",
		PaymentStatus: "paid", PaymentIntentID: "pi_1", SubscriptionID: "sub_1", InvoiceID: "in_1", Plan: "Basic",
		Total: billing.Money{Amount: 500, Currency: "usd"}, CreatedAt: at, ExpiresAt: at.Add(billing.SessionLifetime),
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
}
