package events

import (
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// asyncPaymentFailed tells what the session itself does not: its payment
// status stays "unpaid" when a delayed payment is refused.
const asyncPaymentFailed = "checkout.session.async_payment_failed"

// sessionJSON is Stripe's Checkout Session:
// https://docs.stripe.com/api/checkout/sessions/object
type sessionJSON struct {
	ID                string            `json:"id"`
	Customer          expandable        `json:"customer"`
	ClientReferenceID string            `json:"client_reference_id"`
	Mode              string            `json:"mode"`
	Status            string            `json:"status"`
	PaymentStatus     string            `json:"payment_status"`
	PaymentIntent     expandable        `json:"payment_intent"`
	Subscription      expandable        `json:"subscription"`
	Invoice           expandable        `json:"invoice"`
	URL               string            `json:"url"`
	AmountTotal       int64             `json:"amount_total"`
	Currency          string            `json:"currency"`
	Metadata          map[string]string `json:"metadata"`
	Created           unix              `json:"created"`
	ExpiresAt         unix              `json:"expires_at"`
}

func (j sessionJSON) object() Object {
	return &session{
		CheckoutSession: billing.CheckoutSession{
			ID:                j.ID,
			CheckoutID:        j.Metadata[metaCheckout],
			CustomerID:        j.Customer.ID,
			ClientReferenceID: j.ClientReferenceID,
			Mode:              j.Mode,
			Status:            j.Status,
			PaymentStatus:     j.PaymentStatus,
			PaymentIntentID:   j.PaymentIntent.ID,
			SubscriptionID:    j.Subscription.ID,
			InvoiceID:         j.Invoice.ID,
			URL:               j.URL,
			Plan:              j.Metadata[metaPlan],
			Total:             billing.Money{Amount: j.AmountTotal, Currency: j.Currency},
			CreatedAt:         j.Created.time(),
			ExpiresAt:         j.ExpiresAt.time(),
		},
		paymentRefused: j.PaymentIntent.Status == "requires_payment_method" || j.PaymentIntent.Status == "canceled",
	}
}

// SessionOf returns the Checkout Session that an object is.
func SessionOf(o Object) (billing.CheckoutSession, error) {
	s, ok := o.(*session)
	if !ok {
		return billing.CheckoutSession{}, fmt.Errorf("%s is not a Checkout Session", o.Ref().ID)
	}
	return s.CheckoutSession, nil
}

type session struct {
	billing.CheckoutSession
	paymentRefused bool // known when the payment intent came expanded
}

func (s *session) Ref() billing.ObjectRef {
	return billing.ObjectRef{Kind: billing.SessionObject, ID: s.ID}
}

// Needs lists what a completed session made: with it in the mirror the session
// alone is enough to give its buyer what was paid for.
func (s *session) Needs() []billing.ObjectRef {
	needs := []billing.ObjectRef{{Kind: billing.CustomerObject, ID: s.CustomerID}}
	if s.Status == "complete" {
		needs = append(needs,
			billing.ObjectRef{Kind: billing.SubscriptionObject, ID: s.SubscriptionID},
			billing.ObjectRef{Kind: billing.InvoiceObject, ID: s.InvoiceID})
	}
	return needs
}

// Owner is the Stripe customer's user, else the one our own reference names.
func (s *session) Owner() billing.Owner {
	return billing.Owner{CustomerID: s.CustomerID, Reference: s.ClientReferenceID}
}

// Change closes the checkout and, for a one-time purchase, makes the order and
// grants its credits when the money is there.
func (s *session) Change(w Write) (billing.Change, error) {
	change := w.change(s)
	if w.UserID == "" {
		return change, &billing.UnknownCustomerError{CustomerID: s.CustomerID}
	}
	change.Session = &s.CheckoutSession
	if s.Mode != "payment" || s.Status != "complete" {
		return change, nil
	}
	order := s.order(w)
	change.Order = &order
	if order.Status == billing.OrderPaid && order.Credits > 0 {
		change.Grant = &billing.Grant{
			UserID: w.UserID,
			Amount: order.Credits,
			Kind:   billing.Purchase,
			Key:    billing.SessionKey(s.ID),
			Source: s.ID,
		}
	}
	return change, nil
}

func (s *session) order(w Write) billing.Order {
	o := billing.Order{
		SessionID:       s.ID,
		UserID:          w.UserID,
		PaymentIntentID: s.PaymentIntentID,
		Plan:            s.Plan,
		Total:           s.Total,
		Status:          billing.OrderPending,
		CreatedAt:       s.CreatedAt,
		AsOf:            w.AsOf,
	}
	if plan, ok := w.Catalog.Plan(s.Plan); ok {
		o.Credits = plan.Credits
	}
	switch {
	case s.Paid():
		o.Status = billing.OrderPaid
	case s.paymentRefused || w.EventType == asyncPaymentFailed:
		o.Status = billing.OrderFailed
	}
	return o
}
