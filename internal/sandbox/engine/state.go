package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// state is everything that is saved: Stripe's objects, and what the sandbox must remember about them.
type state struct {
	paymentState

	Offset  int64         `json:"clock_offset"` // seconds that sandbox time is ahead of the real clock
	Account shape.Account `json:"account"`
	Chance  chance        `json:"chance"`

	Customers      table[shape.Customer]             `json:"customers"`
	Products       table[shape.Product]              `json:"products"`
	Prices         table[shape.Price]                `json:"prices"`
	Sessions       table[shape.Session]              `json:"checkout_sessions"`
	Subscriptions  table[shape.Subscription]         `json:"subscriptions"`
	Schedules      table[shape.SubscriptionSchedule] `json:"subscription_schedules"`
	Invoices       table[shape.Invoice]              `json:"invoices"`
	InvoiceItems   table[shape.InvoiceItem]          `json:"invoice_items"`
	PaymentIntents table[shape.PaymentIntent]        `json:"payment_intents"`
	SetupIntents   table[shape.SetupIntent]          `json:"setup_intents"`
	PaymentMethods table[shape.PaymentMethod]        `json:"payment_methods"`
	Charges        table[shape.Charge]               `json:"charges"`
	Refunds        table[shape.Refund]               `json:"refunds"`
	Balance        table[shape.BalanceTransaction]   `json:"balance_transactions"`
	PortalConfigs  table[shape.PortalConfiguration]  `json:"portal_configurations"`
	PortalSessions table[shape.PortalSession]        `json:"portal_sessions"`
	Events         table[shape.Event]                `json:"-" journal:"events"` // they stand apart in a snapshot
	Endpoints      table[shape.WebhookEndpoint]      `json:"webhook_endpoints"`
	Coupons        table[shape.Coupon]               `json:"coupons"`
	PromotionCodes table[shape.PromotionCode]        `json:"promotion_codes"`
	Discounts      table[shape.Discount]             `json:"discounts"`
	TaxRates       table[shape.TaxRate]              `json:"tax_rates"`
	Clocks         table[shape.TestClock]            `json:"test_clocks"`

	// What Stripe keeps to itself.
	Deleted        table[shape.Deleted] `json:"deleted"`                 // answers for objects that were
	Cards          table[card]          `json:"cards"`                   // by payment method
	Purchases      table[purchase]      `json:"purchases"`               // by checkout session
	CouponProducts table[[]string]      `json:"coupon_products"`         // the only products a coupon is for
	Reminded       flags                `json:"reminded"`                // subscriptions whose trial_will_end was sent, and schedules whose expiring
	Overdue        flags                `json:"overdue"`                 // invoices whose due date has passed
	Announced      table[int64]         `json:"announced"`               // by subscription, the period's end that invoice.upcoming told of
	FlowsDone      flags                `json:"flows_done"`              // portal sessions whose flow is through
	Visits         table[int64]         `json:"portal_visits"`           // by portal session, when it was last used
	Deliveries     table[Delivery]      `json:"-" journal:"deliveries"`  // events on their way to endpoints
	Answers        table[SavedAnswer]   `json:"-" journal:"idempotency"` // by idempotency key

	Webhooks webhookState `json:"webhooks"`
	Faults   faultState   `json:"faults"`
}

func newState(merchantName string, now int64, seed *int64) *state {
	s := &state{Chance: chance{Seed: seed}}
	s.Account = s.merchant(merchantName, now)
	return s
}

// SavedAnswer is what a request with an idempotency key was answered.
type SavedAnswer struct {
	Request string `json:"request"` // method, path and parameters, to notice a key used for something else
	Version string `json:"version"` // it was answered in
	Status  int    `json:"status"`
	Body    []byte `json:"body"`
	At      int64  `json:"at"`
}

// snapshot is a state taken out whole. What grows most stands apart.
type snapshot struct {
	State      *state              `json:"state"`
	Events     *table[shape.Event] `json:"events"`
	Deliveries *table[Delivery]    `json:"deliveries"`
	Answers    *table[SavedAnswer] `json:"idempotency"`
}

func (s *state) snapshot() snapshot {
	return snapshot{State: s, Events: &s.Events, Deliveries: &s.Deliveries, Answers: &s.Answers}
}

// Snapshot is the whole state as JSON.
func (e *Engine) Snapshot() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return encode(e.state.snapshot())
}

// Restore replaces everything by a snapshot, and puts its undelivered events into the outbox. A snapshot that cannot be
// read changes nothing.
func (e *Engine) Restore(data []byte) error {
	fresh := newState(e.opts.Merchant, 0, nil)
	in := fresh.snapshot()
	fresh.Account.ID = ""
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	if in.State != fresh || fresh.Account.ID == "" {
		return errors.New("read the state: this is not what GET /_sandbox/state answered")
	}
	if err := fresh.Faults.Settings.Check(); err != nil {
		return fmt.Errorf("read the state: its faults: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.resume(fresh)
	return nil
}

// resume goes on from another state: what waits in it falls due and is delivered.
func (e *Engine) resume(fresh *state) {
	fresh.relink()
	e.state, e.due, e.outbox, e.index = fresh, map[string]*dueHeap{}, nil, deliveryIndex{}
	e.changed++
	e.watchState()
	e.begin(shape.EventRequest{}).trackAll()
	for _, d := range fresh.Deliveries.all() {
		e.index.add(d)
	}
	e.requeue()
}
