package engine

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// state is everything that is saved: Stripe's objects, and what the sandbox must remember about them.
type state struct {
	paymentState

	Offset  int64         `json:"clock_offset"` // seconds that sandbox time is ahead of the real clock
	Account shape.Account `json:"account"`

	Customers      table[shape.Customer]            `json:"customers"`
	Products       table[shape.Product]             `json:"products"`
	Prices         table[shape.Price]               `json:"prices"`
	Sessions       table[shape.Session]             `json:"checkout_sessions"`
	Subscriptions  table[shape.Subscription]        `json:"subscriptions"`
	Invoices       table[shape.Invoice]             `json:"invoices"`
	InvoiceItems   table[shape.InvoiceItem]         `json:"invoice_items"`
	PaymentIntents table[shape.PaymentIntent]       `json:"payment_intents"`
	SetupIntents   table[shape.SetupIntent]         `json:"setup_intents"`
	PaymentMethods table[shape.PaymentMethod]       `json:"payment_methods"`
	Charges        table[shape.Charge]              `json:"charges"`
	Refunds        table[shape.Refund]              `json:"refunds"`
	Balance        table[shape.BalanceTransaction]  `json:"balance_transactions"`
	PortalConfigs  table[shape.PortalConfiguration] `json:"portal_configurations"`
	PortalSessions table[shape.PortalSession]       `json:"portal_sessions"`
	Events         table[shape.Event]               `json:"-"` // saved apart, see Snapshot
	Endpoints      table[shape.WebhookEndpoint]     `json:"webhook_endpoints"`
	Coupons        table[shape.Coupon]              `json:"coupons"`
	PromotionCodes table[shape.PromotionCode]       `json:"promotion_codes"`
	Discounts      table[shape.Discount]            `json:"discounts"`
	TaxRates       table[shape.TaxRate]             `json:"tax_rates"`
	Clocks         table[shape.TestClock]           `json:"test_clocks"`

	// What Stripe keeps to itself.
	Deleted        table[shape.Deleted] `json:"deleted"`         // answers for objects that were
	Cards          table[card]          `json:"cards"`           // by payment method
	Purchases      table[purchase]      `json:"purchases"`       // by checkout session
	CouponProducts map[string][]string  `json:"coupon_products"` // the only products a coupon is for
	Reminded       map[string]bool      `json:"reminded"`        // subscriptions whose trial_will_end was sent
	Overdue        map[string]bool      `json:"overdue"`         // invoices whose due date has passed
	FlowsDone      map[string]bool      `json:"flows_done"`      // portal sessions whose flow is through
	Deliveries     table[Delivery]      `json:"-"`               // events on their way to endpoints
	Answers        table[SavedAnswer]   `json:"-"`               // by idempotency key

	Webhooks webhookState `json:"webhooks"`
	Faults   faultState   `json:"faults"`
}

func newState(merchantName string, now int64) *state {
	return &state{
		Account: merchant(merchantName, now), Reminded: map[string]bool{}, Overdue: map[string]bool{}, FlowsDone: map[string]bool{},
		CouponProducts: map[string][]string{},
	}
}

// SavedAnswer is what a request with an idempotency key was answered.
type SavedAnswer struct {
	Request string `json:"request"` // method, path and parameters, to notice a key used for something else
	Version string `json:"version"` // it was answered in
	Status  int    `json:"status"`
	Body    []byte `json:"body"`
	At      int64  `json:"at"`
}

// saved is a state on disk. What grows without end stands apart, so that it need not be encoded each time anew.
type saved struct {
	State      *state             `json:"state"`
	Events     table[shape.Event] `json:"events"`
	Deliveries table[Delivery]    `json:"deliveries"`
	Answers    table[SavedAnswer] `json:"idempotency"`
}

// Snapshot is the whole state as JSON, and the Changed count it covers.
func (e *Engine) Snapshot() ([]byte, uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	base, err := json.Marshal(e.state)
	if err != nil {
		return nil, 0, fmt.Errorf("encode the state: %w", err)
	}
	var b bytes.Buffer
	b.WriteString(`{"state":`)
	b.Write(base)
	b.WriteString(`,"events":`)
	e.state.Events.writeTo(&b)
	b.WriteString(`,"deliveries":`)
	e.state.Deliveries.writeTo(&b)
	b.WriteString(`,"idempotency":`)
	e.state.Answers.writeTo(&b)
	b.WriteString("}")
	return b.Bytes(), e.changed, nil
}

// Restore replaces everything by a snapshot, and puts its undelivered events into the outbox.
func (e *Engine) Restore(data []byte) error {
	in := saved{State: newState(e.opts.Merchant, 0)}
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	fresh := in.State
	fresh.relink()
	fresh.Events, fresh.Deliveries, fresh.Answers = in.Events, in.Deliveries, in.Answers
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state, e.due, e.outbox = fresh, map[string]*dueHeap{}, nil
	e.changed++
	tx := e.begin(shape.EventRequest{})
	tx.trackAll()
	e.index = deliveryIndex{}
	for _, d := range fresh.Deliveries.all() {
		e.index.add(d)
	}
	e.requeue()
	return nil
}
