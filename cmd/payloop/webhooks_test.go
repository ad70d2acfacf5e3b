package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/inbox"
	"github.com/payloop/payloop/internal/testkit"
)

// events returns all events that Stripe made, the oldest first, as it would
// post them.
func (b *bundle) events() [][]byte {
	b.t.Helper()
	var bodies [][]byte
	after := ""
	for {
		var list struct {
			Data    []json.RawMessage
			HasMore bool `json:"has_more"`
		}
		b.callStripe("GET", "/v1/events?limit=100"+after, nil, &list)
		for _, raw := range list.Data {
			var body bytes.Buffer
			if err := json.Indent(&body, raw, "", "  "); err != nil {
				b.t.Fatal(err)
			}
			bodies = append(bodies, body.Bytes())
			after = "&starting_after=" + eventID(raw)
		}
		if !list.HasMore {
			slices.Reverse(bodies)
			return bodies
		}
	}
}

func eventID(body []byte) string {
	var e struct{ ID string }
	json.Unmarshal(body, &e)
	return e.ID
}

// worked waits until all events are worked off, as processed or failed.
func (b *bundle) worked() {
	b.t.Helper()
	testkit.Eventually(b.t, patience, func() (bool, string) {
		b.app.processor.Wake()
		open := b.text(`SELECT string_agg(type || ' ' || last_error, '; ') FROM stripe_events WHERE state IN ('pending', 'running') HAVING count(*) > 0`)
		return open == "", "not worked off: " + open
	})
}

// hurry makes every retry due at once. The tries before no longer count, or an
// event could spend all of them while what it waits for is on its way.
func (b *bundle) hurry() {
	b.exec(`UPDATE stripe_events SET due_at = now() - interval '1 hour', forgiven = attempt WHERE state = 'pending'`)
}

// exhaust makes every retry due at once, until its tries are spent.
func (b *bundle) exhaust() {
	b.exec(`UPDATE stripe_events SET due_at = now() - interval '1 hour' WHERE state = 'pending'`)
}

// lives are histories that end in one state, whatever happens on the way.
var lives = []struct {
	name    string
	live    func(b *bundle, c person)
	plan    string
	credits string
	status  string
}{
	{"a subscription", func(b *bundle, c person) { b.buy(c, "Basic", "month") }, "Basic", "1,050", "Active"},
	{"a one-time purchase", func(b *bundle, c person) { b.buy(c, "Power", "once") }, "Free", "100,050", "Free"},
	{"a purchase, refunded", func(b *bundle, c person) {
		b.buy(c, "Power", "once")
		b.refund(0)
	}, "Free", "50", "Free"},
	{"a purchase, refunded in two parts", func(b *bundle, c person) {
		b.buy(c, "Power", "once")
		b.refund(1000)
		b.refund(1500)
	}, "Free", "50,050", "Free"},
	{"a subscription, its payment refunded", func(b *bundle, c person) {
		b.buy(c, "Basic", "month")
		b.refund(0)
	}, "Basic", "50", "Active"},
	{"a purchase, its dispute lost", func(b *bundle, c person) { b.dispute(c, "Power", "once", "lost") }, "Free", "50", "Free"},
	{"a purchase, its dispute won", func(b *bundle, c person) { b.dispute(c, "Power", "once", "won") }, "Free", "100,050", "Free"},
	{"a purchase, refunded in part and its dispute lost", func(b *bundle, c person) {
		b.buy(c, "Power", "once")
		b.refund(4000)
		b.disputePart("1000", "lost")
	}, "Free", "50", "Free"},
	{"a purchase, both its disputes lost", func(b *bundle, c person) {
		b.buy(c, "Power", "once")
		b.disputePart("3000", "lost")
		b.disputePart("1000", "lost")
	}, "Free", "20,050", "Free"},
	{"a purchase, one of its disputes lost and one won", func(b *bundle, c person) {
		b.buy(c, "Power", "once")
		b.disputePart("3000", "lost")
		b.disputePart("2000", "won")
	}, "Free", "40,050", "Free"},
	{"a subscription, both disputes of its payment lost", func(b *bundle, c person) {
		b.buy(c, "Basic", "month")
		b.disputePart("300", "lost")
		b.disputePart("100", "lost")
	}, "Basic", "250", "Active"},
	{"a subscription, its payment's dispute lost", func(b *bundle, c person) { b.dispute(c, "Basic", "month", "lost") }, "Basic", "50", "Active"},
	{"two renewals", func(b *bundle, c person) {
		b.buy(c, "Basic", "month")
		b.advance(63 * day)
	}, "Basic", "3,050", "Active"},
	{"a subscription, canceled at once", func(b *bundle, c person) {
		b.buy(c, "Basic", "month")
		b.stripeDelete("/v1/subscriptions/" + b.stripeID("/v1/subscriptions"))
	}, "Free", "1,050", "Ended"},
	{"a renewal that is never paid", func(b *bundle, c person) {
		url, _ := b.pay(c.Post("/checkout", "plan", "Basic", "interval", "month").Location, laterFails)
		_ = url
		b.advance(33 * day)
		b.advance(60 * day)
	}, "Free", "", "Ended"},
	{"a checkout that expired", func(b *bundle, c person) {
		c.Post("/checkout", "plan", "Basic", "interval", "month")
		b.advance(25 * time.Hour)
	}, "Free", "50", "Free"},
}

func TestAnyOrderAndAnyRepetitionOfEventsEndsTheSame(t *testing.T) {
	t.Parallel()
	orders := map[string]func(b *bundle, events [][]byte){
		"in order": func(b *bundle, events [][]byte) {
			for _, e := range events {
				b.wantDelivered(e)
			}
		},
		"reversed, each twice": func(b *bundle, events [][]byte) {
			for _, e := range slices.Backward(events) {
				b.wantDelivered(e)
				b.wantDelivered(e)
			}
		},
		"all at once, each five times": func(b *bundle, events [][]byte) {
			var wg sync.WaitGroup
			for range 5 {
				for _, e := range events {
					wg.Go(func() { b.wantDelivered(e) })
				}
			}
			wg.Wait()
		},
	}
	for _, life := range lives {
		for order, deliver := range orders {
			t.Run(life.name+", "+order, func(t *testing.T) {
				t.Parallel()
				b := setup(t, withoutWebhooks)
				c := b.person()
				life.live(b, c)
				events := b.events()
				deliver(b, events)
				testkit.Eventually(t, patience, func() (bool, string) {
					b.hurry()
					b.app.processor.Wake()
					open := b.text(`SELECT string_agg(type || ' ' || last_error, '; ') FROM stripe_events WHERE state IN ('pending', 'running') HAVING count(*) > 0`)
					return open == "", "not worked off: " + open
				})
				if failed := b.text(`SELECT string_agg(type || ' ' || last_error, '; ') FROM stripe_events WHERE state = 'failed' HAVING count(*) > 0`); failed != "" {
					t.Errorf("failed: %s", failed)
				}
				if n := b.count(`SELECT count(*) FROM stripe_events`); n != len(events) {
					t.Errorf("%d events are stored, %d were sent", n, len(events))
				}
				c.signIn()
				p := c.Get("/account")
				if p.Find("plan") != life.plan || p.Find("status") != life.status || (life.credits != "" && p.Find("credits") != life.credits) {
					t.Errorf("got %s, %s, %s credits, want %s, %s, %s", p.Find("plan"), p.Find("status"), p.Find("credits"), life.plan, life.status, life.credits)
				}
				if n := b.count(`SELECT count(*) FROM credit_balances b WHERE balance <> (SELECT sum(amount) FROM credit_entries e WHERE e.user_id = b.user_id)`); n != 0 {
					t.Error("the ledger does not add up to the balance")
				}
			})
		}
	}
}

func (b *bundle) wantDelivered(body []byte) {
	b.t.Helper()
	if p := b.deliver(body); p.Status != http.StatusOK {
		b.t.Errorf("event %s: got %d %s", eventID(body), p.Status, p.Body)
	}
}

// stripeID is the newest object on a list.
func (b *bundle) stripeID(path string) string {
	b.t.Helper()
	var list struct{ Data []struct{ ID string } }
	b.callStripe("GET", path, nil, &list)
	if len(list.Data) == 0 {
		b.t.Fatalf("nothing on %s", path)
	}
	return list.Data[0].ID
}

// refund gives the latest charge back, in full for 0, else that many minor
// units.
func (b *bundle) refund(amount int) {
	b.t.Helper()
	form := map[string][]string{"charge": {b.stripeID("/v1/charges")}}
	if amount > 0 {
		form["amount"] = []string{fmt.Sprint(amount)}
	}
	b.callStripe("POST", "/v1/refunds", form, nil)
}

// disputed is a card whose holder disputes each payment.
const disputed = "4000000000000259"

// dispute buys something with a card whose payment is disputed, and lets the
// bank decide.
func (b *bundle) dispute(c person, plan, interval, result string) {
	b.t.Helper()
	b.pay(c.Post("/checkout", "plan", plan, "interval", interval).Location, disputed)
	b.callStripe("POST", "/_sandbox/disputes/"+b.stripeID("/v1/disputes")+"/close", map[string][]string{"result": {result}}, nil)
}

// disputePart has so many minor units of the latest charge disputed, and lets
// the bank decide.
func (b *bundle) disputePart(amount, result string) {
	b.t.Helper()
	var d struct{ ID string }
	b.callStripe("POST", "/_sandbox/charges/"+b.stripeID("/v1/charges")+"/dispute", map[string][]string{"amount": {amount}}, &d)
	b.callStripe("POST", "/_sandbox/disputes/"+d.ID+"/close", map[string][]string{"result": {result}}, nil)
}

// event makes an event body about an object.
func event(id, eventType, version string, created time.Time, object string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"object":"event","type":%q,"api_version":%q,"created":%d,"data":{"object":%s}}`, id, eventType, version, created.Unix(), object)
}

func TestTheWebhookEndpointTakesOnlyWhatStripeSigned(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	now := time.Now()
	body := event("evt_1", "invoice.created", inbox.APIVersion, now, `{"id":"in_1"}`)
	large := event("evt_large", "unknown.type", inbox.APIVersion, now, `{"id":"x_1","pad":"`+strings.Repeat("x", 200<<10)+`"}`)
	huge := event("evt_huge", "unknown.type", inbox.APIVersion, now, `{"id":"x_1","pad":"`+strings.Repeat("x", 1<<20)+`"}`)
	for _, tt := range []struct {
		name   string
		body   []byte
		header string
		status int
		says   string
	}{
		{"no signature", body, "", 400, "header is missing."},
		{"nonsense", body, "hello", 400, "could not be read."},
		{"a made up one", body, fmt.Sprintf("t=%d,v1=00", now.Unix()), 400, "does not match the body."},
		{"another secret", body, sign(body, "whsec_other", now), 400, "does not match the body."},
		{"another body", append(slices.Clone(body), ' '), sign(body, webhookSecret, now), 400, "does not match the body."},
		{"six minutes old", body, sign(body, webhookSecret, now.Add(-6*time.Minute)), 400, "is older than five minutes."},
		{"signed, but no event", []byte(`{"hello":"world"}`), sign([]byte(`{"hello":"world"}`), webhookSecret, now), 400, "id, type and created are needed."},
		{"signed, but no JSON", []byte(`hello`), sign([]byte(`hello`), webhookSecret, now), 400, "it must be a JSON object."},
		{"above 64 KB", large, sign(large, webhookSecret, now), 200, ""},
		{"above 1 MiB", huge, sign(huge, webhookSecret, now), 413, ""},
		{"four minutes old", body, sign(body, webhookSecret, now.Add(-4*time.Minute)), 200, ""},
		{"the same again", body, sign(body, webhookSecret, now), 200, ""},
	} {
		p := b.visitor().Send("POST", "/webhooks/stripe", string(tt.body), http.Header{"Stripe-Signature": {tt.header}})
		if p.Status != tt.status || !strings.Contains(p.Body, tt.says) {
			t.Errorf("%s: got %d %s, want %d %q", tt.name, p.Status, p.Body, tt.status, tt.says)
		}
		if strings.Contains(p.Body, webhookSecret) {
			t.Errorf("%s: the secret is in the answer", tt.name)
		}
	}
	if n := b.count(`SELECT count(*) FROM stripe_events`); n != 2 {
		t.Errorf("got %d events, want the two that were acknowledged", n)
	}
	if p := b.visitor().Get("/webhooks/stripe"); p.Status != http.StatusMethodNotAllowed {
		t.Errorf("GET: got %d", p.Status)
	}
	if got := b.text(`SELECT encode(payload, 'escape') FROM stripe_events WHERE id = 'evt_1'`); got != string(body) {
		t.Errorf("the payload is not kept byte for byte: %s", got)
	}
}

func TestWhileSecretsAreRotatedBothAreTaken(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	receiver := &inbox.Receiver{Intake: inbox.NewIntake(b.store), Secrets: []string{"whsec_new", webhookSecret}, Wake: func() {}, Observe: b.app.metrics}
	for i, secret := range []string{"whsec_new", webhookSecret, "whsec_gone"} {
		body := event(fmt.Sprintf("evt_%d", i), "unknown.type", inbox.APIVersion, time.Now(), `{"id":"x_1"}`)
		err := b.receive(receiver, body, secret)
		if ok := err == nil; ok != (i < 2) {
			t.Errorf("%s: got %v", secret, err)
		}
	}
}

func TestAnEventThatCannotBeStoredIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.store.Close()
	start := time.Now()
	p := b.deliver(event("evt_1", "invoice.paid", inbox.APIVersion, start, `{"id":"in_1"}`))
	if p.Status != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", p.Status, p.Body)
	}
}

func TestTooManyWebhooksAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	var held []net.Conn
	defer func() {
		for _, c := range held {
			c.Close()
		}
	}()
	hold := func() { // sends all that is allowed but its last byte
		c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
		fmt.Fprintf(c, "POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", inbox.MaxBody, strings.Repeat(" ", inbox.MaxBody-1))
	}
	for range 20 {
		hold()
	}
	body := event("evt_1", "invoice.paid", inbox.APIVersion, time.Now(), `{"id":"in_1"}`)
	testkit.Eventually(t, patience, func() (bool, string) {
		p := b.deliver(body)
		if p.Status == http.StatusOK {
			hold() // one was refused because of this body, which then was gone
		}
		return p.Status == http.StatusServiceUnavailable && p.Header.Get("Retry-After") == "5", fmt.Sprint(p.Status, p.Body)
	})
	for _, c := range held {
		c.Close()
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		p := b.deliver(body)
		return p.Status == http.StatusOK, fmt.Sprint(p.Status, p.Body)
	})
}

func TestAnEventOfATypeNobodyHandlesIsStoredAndProcessed(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.wantDelivered(event("evt_1", "radar.early_fraud_warning.created", inbox.APIVersion, time.Now(), `{"id":"issfr_1"}`))
	b.worked()
	if got := b.text(`SELECT state FROM stripe_events WHERE id = 'evt_1'`); got != "processed" {
		t.Errorf("got %s", got)
	}
}

func TestAnEventForAnUnknownCustomerIsRetriedAndThenFailedButNeverDropped(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.callStripe("POST", "/v1/customers", map[string][]string{"email": {"elsewhere@example.com"}}, nil)
	customer := b.stripeID("/v1/customers")
	b.wantDelivered(event("evt_1", "customer.subscription.created", inbox.APIVersion, time.Now(), `{"id":"sub_1","customer":"`+customer+`","status":"active"}`))
	testkit.Eventually(t, patience, func() (bool, string) {
		b.exhaust()
		b.app.processor.Wake()
		got := b.text(`SELECT state || ' ' || attempt - forgiven || ' ' || last_error FROM stripe_events`)
		return strings.HasPrefix(got, "failed 20 ") && strings.Contains(got, customer), got
	})
}

func TestTheLastErrorOfAnEventIsForTheOperator(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.wantDelivered(event("evt_1", "customer.updated", inbox.APIVersion, time.Now(), `{"id":"cus_1","object":"customer"}`))
	const want = "fetch customer cus_1: Stripe answered 404 invalid_request_error resource_missing"
	testkit.Eventually(t, patience, func() (bool, string) {
		got := b.text(`SELECT last_error FROM stripe_events`)
		return strings.HasPrefix(got, want), "got " + got
	})
}

func TestEventsOfAnotherAPIVersionAreASignToFetch(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	for _, body := range b.events() {
		body = bytes.Replace(body, []byte(`"api_version": "2024-06-20"`), []byte(`"api_version": "2025-03-31.basil"`), 1)
		// Basil moved the period to the items and dropped the invoice's subscription.
		body = bytes.ReplaceAll(body, []byte(`"current_period_end"`), []byte(`"moved_period_end"`))
		body = bytes.ReplaceAll(body, []byte(`"unit_amount"`), []byte(`"moved_unit_amount"`))
		b.wantDelivered(body)
	}
	b.worked()
	p := b.wantAccount(c, "Basic", "1,050")
	if !strings.Contains(p.Find("plan-dates"), "Renews on") {
		t.Errorf("got %q", p.Find("plan-dates"))
	}
}

func TestASlowHandlerWithAnOldStateDoesNotOverwriteANewerOne(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	engine := b.app.processor.Engine
	sub := billing.ObjectRef{Kind: billing.SubscriptionObject, ID: b.stripeID("/v1/subscriptions")}

	// While the first refresh waits for Stripe's answer, which it already has
	// in hand, the subscription is canceled and the mirror hears of it.
	slow := &inbox.Engine{Store: engine.Store, Catalog: engine.Catalog, Source: &lateSource{Source: engine.Source, meanwhile: func() {
		b.stripeDelete("/v1/subscriptions/" + sub.ID)
		if err := engine.Refresh(t.Context(), sub); err != nil {
			t.Error(err)
		}
	}}}
	if err := slow.Refresh(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	if got := b.text(`SELECT status FROM subscriptions`); got != "canceled" {
		t.Errorf("got %s, want what Stripe says", got)
	}
}

func TestAnEventWhoseWorkerDiedIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.stopApp() // the worker below is the only one, and it dies
	for _, body := range b.events() {
		receiver := &inbox.Receiver{Intake: inbox.NewIntake(b.store), Secrets: []string{webhookSecret}, Wake: func() {}, Observe: b.app.metrics}
		if err := b.receive(receiver, body, webhookSecret); err != nil {
			t.Fatal(err)
		}
	}
	dead, err := b.store.ClaimEvents(t.Context(), 100, time.Minute)
	if err != nil || len(dead) == 0 {
		t.Fatalf("claimed %d events, %v", len(dead), err)
	}
	b.offset.Add(int64(2 * time.Minute)) // the leases run out
	second := inbox.NewProcessor(b.app.processor.Engine, b.app.processor.Log, b.app.metrics)
	second.Start(t.Context())
	t.Cleanup(second.Stop)
	testkit.Eventually(t, patience, func() (bool, string) {
		n := b.count(`SELECT count(*) FROM stripe_events WHERE state <> 'processed'`)
		return n == 0, fmt.Sprint(n, " events are not processed")
	})
	// The dead one comes back to life and wants to finish: it is too late.
	for _, e := range dead {
		if out := b.app.processor.Engine.Apply(t.Context(), []billing.Event{e}); len(out.Failed) != 1 {
			t.Errorf("event %s was finished twice", e.ID)
		}
	}
	if n := b.count(`SELECT balance FROM credit_balances`); n != 1050 {
		t.Errorf("got %d credits, want 1050", n)
	}
}

func TestAnEventThatNobodyHandlesTakesNoneOfItsObjectAlong(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]int{"it comes first": 1, "it comes last": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, withoutWebhooks)
			b.buy(b.person(), "Basic", "month")
			b.stopApp() // the worker below is the only one
			all := b.events()
			receiver := &inbox.Receiver{Intake: inbox.NewIntake(b.store), Secrets: []string{webhookSecret}, Wake: func() {}, Observe: b.app.metrics}
			for _, body := range append(named(t, all, "invoice.paid"), named(t, all, "invoice.payment_succeeded")...) {
				if err := b.receive(receiver, body, webhookSecret); err != nil {
					t.Fatal(err)
				}
			}
			b.exec(`UPDATE stripe_events SET lane = 'fetch'`)
			claimed, err := b.store.ClaimToFetch(t.Context(), 10, time.Minute)
			if err != nil || len(claimed) != 2 {
				t.Fatalf("claimed %d events, %v", len(claimed), err)
			}
			slices.SortFunc(claimed, func(a, b billing.Event) int { return order * strings.Compare(b.Type, a.Type) })
			if out := b.app.processor.Engine.Apply(t.Context(), claimed); len(out.Done) != 2 {
				t.Errorf("got %+v", out)
			}
			if got, want := b.text(`SELECT string_agg(concat_ws(' ', type, decision, reason), ', ' ORDER BY type) FROM stripe_events`),
				"invoice.paid fetch unknown, invoice.payment_succeeded skip unhandled"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if n := b.count(`SELECT count(*) FROM invoices JOIN credit_entries ON key = 'invoice:' || invoices.id`); n != 1 {
				t.Errorf("%d invoices are here with what they grant, want 1", n)
			}
		})
	}
}

func TestAPastDueSubscriptionKeepsItsPlanForTheGracePeriod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	if _, status := b.pay(c.Post("/checkout", "plan", "Basic", "interval", "month").Location, laterFails); status != http.StatusOK {
		t.Fatalf("paying: got %d", status)
	}
	b.flush()
	b.advance(31*day + 3*time.Hour)
	b.flush()
	c.signIn()
	p := c.Get("/account")
	if p.Find("plan") != "Basic" || p.Find("status") != "Payment overdue" || !strings.Contains(p.Find("problem"), "did not go through") {
		t.Errorf("past due: got %s, %s, %q", p.Find("plan"), p.Find("status"), p.Find("problem"))
	}
}

func TestADeletedCustomerStaysDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.advance(time.Minute) // no tie: the payload is written
	b.stripeDelete("/v1/customers/" + b.text(`SELECT id FROM stripe_customers`))
	for _, body := range b.events() {
		b.wantDelivered(body)
	}
	b.worked()
	if got := b.text(`SELECT deleted::text || ' ' || (SELECT status FROM subscriptions) FROM stripe_customers`); got != "true canceled" {
		t.Errorf("got %s", got)
	}
}

func TestAPoisonedEventDoesNotTakeItsBatchAlong(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.stopApp() // so that all of them are claimed together
	customer := b.text(`SELECT id FROM stripe_customers`)
	poisoned := event("evt_poisoned", "invoice.created", inbox.APIVersion, time.Now(),
		`{"id":"in_poisoned","customer":"`+customer+`","status":"open","created":99999999999999}`)
	broken := event("evt_broken", "invoice.created", inbox.APIVersion, time.Now(), `{"id":"in_broken","customer":"`+customer+`","status":7}`)
	receiver := &inbox.Receiver{Intake: inbox.NewIntake(b.store), Secrets: []string{webhookSecret}, Wake: func() {}, Observe: b.app.metrics}
	for _, body := range append(b.events(), poisoned, broken) {
		if err := b.receive(receiver, body, webhookSecret); err != nil {
			t.Fatal(err)
		}
	}
	processor := inbox.NewProcessor(b.app.processor.Engine, b.app.processor.Log, b.app.metrics)
	processor.Start(t.Context())
	t.Cleanup(processor.Stop)
	testkit.Eventually(t, patience, func() (bool, string) {
		open := b.text(`SELECT string_agg(id || ' ' || state, ', ') FROM stripe_events WHERE state <> 'processed' AND object_id NOT IN ('in_poisoned', 'in_broken')`)
		return open == "", open
	})
	testkit.Eventually(t, patience, func() (bool, string) {
		b.exhaust()
		got := b.text(`SELECT string_agg(id || ' ' || state || ' ' || (last_error <> ''), ', ' ORDER BY id) FROM stripe_events WHERE state <> 'processed'`)
		return got == "evt_broken failed true, evt_poisoned failed true", got
	})
	if n := b.count(`SELECT balance FROM credit_balances`); n != 1050 {
		t.Errorf("got %d credits, want 1050", n)
	}
}
