package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/testkit"
)

// subject is a subscription whose events are made up by the test: it changes
// back and forth, and its last event carries what Stripe really has.
type subject struct {
	body map[string]any // of a real event about it
	from int64          // Stripe's time of the real state

	mu   sync.Mutex
	last int64 // number of the latest event that was made up
}

const (
	subjects = 40
	senders  = 16
	// apart is how many seconds the events of one subject are from each other:
	// more than the window in which the engine trusts no order.
	apart = 3
)

// enrol makes users with a subscription each: half of them renew monthly, the
// others yearly, for a price that grants nothing.
func (w *faultWorld) enrol() []*subject {
	w.t.Helper()
	var product struct{ ID string }
	w.callStripe("POST", "/v1/products", url.Values{"name": {"Support"}}, &product)
	var yearly struct{ ID string }
	w.callStripe("POST", "/v1/prices", url.Values{"product": {product.ID}, "currency": {"usd"}, "unit_amount": {"9900"}, "recurring[interval]": {"year"}}, &yearly)
	prices := []string{w.monthlyPrice(), yearly.ID}
	var subscribed []string
	for i := range subjects {
		subscribed = append(subscribed, w.subscribe(prices[i%2]))
	}
	w.flush()
	return w.subjectsOf(subscribed)
}

// monthlyPrice is the price of Basic by the month.
func (b *bundle) monthlyPrice() string {
	b.t.Helper()
	var list struct{ Data []struct{ ID string } }
	b.callStripe("GET", "/v1/prices?lookup_keys[]=Basic_monthly_price", nil, &list)
	return list.Data[0].ID
}

// subscribe makes a user, and their subscription at Stripe.
func (w *faultWorld) subscribe(price string) (id string) {
	w.t.Helper()
	p := w.person()
	userID := w.text(`SELECT id::text FROM users WHERE email = $1`, p.email)
	var made struct{ ID string }
	w.callStripe("POST", "/v1/customers", url.Values{"email": {p.email}, "payment_method": {"pm_card_visa"},
		"invoice_settings[default_payment_method]": {"pm_card_visa"}, "metadata[payloop_user_id]": {userID}}, &made)
	w.callStripe("POST", "/v1/subscriptions", url.Values{"customer": {made.ID}, "items[0][price]": {price}}, &made)
	return made.ID
}

func (w *faultWorld) subjectsOf(ids []string) []*subject {
	w.t.Helper()
	latest := map[string]*subject{}
	for _, body := range w.events() { // the oldest first
		var e struct {
			Type    string
			Created int64
			Data    struct{ Object struct{ ID string } }
		}
		if err := json.Unmarshal(body, &e); err != nil {
			w.t.Fatal(err)
		}
		if !strings.HasPrefix(e.Type, "customer.subscription.") {
			continue
		}
		s := &subject{from: e.Created}
		if err := json.Unmarshal(body, &s.body); err != nil {
			w.t.Fatal(err)
		}
		latest[e.Data.Object.ID] = s
	}
	var all []*subject
	for _, id := range ids {
		all = append(all, latest[id])
	}
	return all
}

// event makes up the subject's next event. Odd ones say that it will be
// cancelled, even ones tell the truth.
func (s *subject) event() (id string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	object := s.body["data"].(map[string]any)["object"].(map[string]any)
	object["cancel_at_period_end"] = s.last%2 == 1
	id = fmt.Sprintf("evt_madeup_%s_%d", object["id"], s.last)
	s.body["id"], s.body["type"], s.body["created"] = id, "customer.subscription.updated", s.from+apart*s.last
	body, err := json.MarshalIndent(s.body, "", "  ")
	if err != nil {
		panic(err)
	}
	return id, body
}

// stream posts made-up events until load ends, each until it is acknowledged
// or give ends, and then what is true of each subject.
func (w *faultWorld) stream(load, give context.Context, all []*subject) {
	next := make(chan *subject)
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for s := range next {
				w.send(give, s)
			}
		})
	}
	tick := time.NewTicker(time.Second / time.Duration(*faultsRate))
	defer tick.Stop()
	for n := 0; load.Err() == nil; n++ {
		<-tick.C
		next <- all[n%len(all)]
	}
	close(next)
	sending.Wait()
	for _, s := range all {
		if s.last%2 == 1 {
			w.send(give, s)
		}
	}
}

// send posts a subject's next event, and every tenth once more.
func (w *faultWorld) send(ctx context.Context, s *subject) {
	id, body := s.event()
	w.figures.sent.Add(1)
	insist(ctx, func() bool { return w.post(ctx, body) })
	if strings.HasSuffix(id, "0") {
		w.post(ctx, body)
	}
}

// post sends an event as Stripe does; true when it was acknowledged.
func (w *faultWorld) post(ctx context.Context, body []byte) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/webhooks/stripe", strings.NewReader(string(body)))
	if err != nil {
		return false
	}
	req.Header.Set("Stripe-Signature", sign(body, webhookSecret, time.Now()))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// shop sends buyers until load ends; each tries until it has what it wants, or
// give ends.
func (w *faultWorld) shop(load, give context.Context, seed int64) {
	chance := rand.New(rand.NewPCG(uint64(seed), 1))
	var buyers sync.WaitGroup
	defer buyers.Wait()
	for wait(load, 500*time.Millisecond) {
		interval, returns := []string{"month", "once"}[chance.IntN(2)], chance.IntN(2) == 0
		buyers.Go(func() { w.buyStubbornly(give, interval, returns) })
	}
}

// buyStubbornly signs up and pays, whatever breaks on the way.
func (w *faultWorld) buyStubbornly(ctx context.Context, interval string, returns bool) {
	w.month.RLock()
	defer w.month.RUnlock()
	c := testkit.NewClient(w.t, w.url)
	fields := []string{"email", fmt.Sprintf("buyer%d@example.com", people.Add(1)), "password", password}
	in := insist(ctx, func() bool {
		return c.Post("/signup", fields...).Status == http.StatusSeeOther || c.Post("/login", fields...).Status == http.StatusSeeOther
	})
	var back string
	paid := in && insist(ctx, func() bool {
		p := c.Post("/checkout", "plan", "Basic", "interval", interval)
		if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, w.stripe.url) {
			return false
		}
		var status int
		back, status = w.pay(p.Location, goodCard)
		return status == http.StatusOK // a page that expired cannot be paid
	})
	if !paid {
		w.t.Errorf("%s could not buy", fields[1])
		return
	}
	w.figures.purchases.Add(1)
	if returns {
		c.Get(back)
	}
}
