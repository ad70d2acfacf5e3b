package engine

import (
	"encoding/json"
	"fmt"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// state is everything that is saved: Stripe's objects, and what the sandbox must remember about them.
type state struct {
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
	Events         table[shape.Event]               `json:"events"`
	Endpoints      table[shape.WebhookEndpoint]     `json:"webhook_endpoints"`

	// What Stripe keeps to itself.
	Deleted    table[shape.Deleted] `json:"deleted"`     // answers for objects that were
	Cards      table[card]          `json:"cards"`       // by payment method
	Purchases  table[purchase]      `json:"purchases"`   // by checkout session
	Reminded   map[string]bool      `json:"reminded"`    // subscriptions whose trial_will_end was sent
	FlowsDone  map[string]bool      `json:"flows_done"`  // portal sessions whose flow is through
	Deliveries table[Delivery]      `json:"deliveries"`  // events on their way to endpoints
	Answers    table[SavedAnswer]   `json:"idempotency"` // by idempotency key
}

func newState(merchantName string, now int64) *state {
	return &state{Account: merchant(merchantName, now), Reminded: map[string]bool{}, FlowsDone: map[string]bool{}}
}

// SavedAnswer is what a request with an idempotency key was answered.
type SavedAnswer struct {
	Request string `json:"request"` // method, path and parameters, to notice a key used for something else
	Status  int    `json:"status"`
	Body    []byte `json:"body"`
	At      int64  `json:"at"`
}

// Snapshot is the whole state as JSON, and the Changed count it covers.
func (e *Engine) Snapshot() ([]byte, uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	data, err := json.Marshal(e.state)
	if err != nil {
		return nil, 0, fmt.Errorf("encode the state: %w", err)
	}
	return data, e.changed, nil
}

// Restore replaces everything by a snapshot, and puts its undelivered events into the outbox.
func (e *Engine) Restore(data []byte) error {
	fresh := newState(e.opts.Merchant, 0)
	if err := json.Unmarshal(data, fresh); err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state, e.due, e.outbox = fresh, nil, nil
	e.changed++
	tx := e.begin(shape.EventRequest{})
	tx.trackAll()
	for _, d := range fresh.Deliveries.all() {
		if d.Pending() {
			e.outbox = append(e.outbox, *d)
		}
	}
	return nil
}
