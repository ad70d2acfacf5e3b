package stripeapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

func TestPriceID(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked, id := 0, "price_1"
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := setup(t, Options{Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			stripeError(w, 400, `"type":"invalid_request_error","param":"line_items[0][price]","message":"inactive"`)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		asked++
		time.Sleep(20 * time.Millisecond)
		if id == "" {
			answer(w, 200, `{"data":[]}`)
			return
		}
		answer(w, 200, `{"data":[{"id":"`+id+`","active":true,"lookup_key":"`+r.FormValue("lookup_keys[0]")+`"}]}`)
	})
	basic := billing.Price{Plan: "Basic", Interval: billing.Month}
	want := func(wantID string, wantAsked int) {
		t.Helper()
		got, err := c.PriceID(t.Context(), basic)
		if err != nil || got != wantID {
			t.Errorf("got %q, %v", got, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if asked != wantAsked {
			t.Errorf("asked %d times, want %d", asked, wantAsked)
		}
	}
	set := func(newID string, later time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		id, now = newID, now.Add(later)
	}

	if got, err := c.PriceID(t.Context(), billing.Price{StripeID: "price_hand"}); got != "price_hand" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got, err := c.PriceID(context.Background(), basic); got != "price_1" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	want("price_1", 1) // twenty at once asked once
	set("price_2", time.Minute)
	want("price_1", 1) // still known
	set("price_2", foundFor)
	want("price_2", 2) // known no longer

	set("price_3", 0)
	p := checkoutOf(billing.Month, 0)
	p.Checkout.PriceID = "price_2"
	if _, err := c.CreateCheckoutSession(t.Context(), p); billing.KindOf(err) != billing.Conflict {
		t.Errorf("got %v", err)
	}
	want("price_3", 3) // Stripe refused the old one

	set("", 2*foundFor)
	_, err := c.PriceID(t.Context(), basic)
	var e *billing.Error
	if !errors.As(err, &e) || e.Kind != billing.Unavailable || e.Code != billing.CodePriceMissing ||
		!strings.Contains(err.Error(), "payloop catalog sync") || strings.Contains(e.Msg, "sync") {
		t.Errorf("got %v", err)
	}
	set("price_4", noneFor)
	want("price_4", 5)
}

// A caller who leaves takes nobody's answer away.
func TestLookupsOutliveTheirCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLookups(time.Now)
		find := func(ctx context.Context) (string, error) {
			select {
			case <-time.After(time.Second):
				return "price_1", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := l.get(ctx, "k", find); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who left got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if id, err := l.get(t.Context(), "k", find); id != "price_1" || err != nil {
				t.Errorf("the other got %q, %v", id, err)
			}
		})
		cancel()
		wg.Wait()
	})
}

// A failure is told to those who waited for it and not kept.
func TestLookupsForgetFailures(t *testing.T) {
	t.Parallel()
	l := newLookups(time.Now)
	boom := errors.New("boom")
	if _, err := l.get(t.Context(), "k", func(context.Context) (string, error) { return "", boom }); !errors.Is(err, boom) {
		t.Error(err)
	}
	if id, err := l.get(t.Context(), "k", func(context.Context) (string, error) { return "x", nil }); id != "x" || err != nil {
		t.Error(id, err)
	}
}
