package engine

import (
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// A session can be paid for 24 hours, or as long as expires_at says: between half an hour and a day.
const (
	sessionLife    = 24 * time.Hour
	minSessionLife = 30 * time.Minute
)

// purchase is what is kept of a session beside what Stripe tells: what to make once it is paid.
type purchase struct {
	Items         []shape.Item             `json:"items"`
	Subscription  SubscriptionData         `json:"subscription"`
	Payment       PaymentData              `json:"payment"`
	UpdateName    bool                     `json:"update_name"`    // customer_update[name]=auto
	UpdateAddress bool                     `json:"update_address"` // customer_update[address]=auto
	Adjustable    map[string]quantityRange `json:"adjustable"`     // by item, how many the buyer may make of it
	Chosen        shape.Ref                `json:"chosen"`         // the discount that the session has of its own
	Discounts     []shape.Ref              `json:"discounts"`      // all that its items have, the customer's included
	Trialing      bool                     `json:"trialing"`       // a trial began with it
	Intent        shape.Ref                `json:"intent"`         // opened by an attempt that did not succeed
	Method        string                   `json:"method"`         // the card a 3-D Secure step is about
	Email         string                   `json:"email"`          // typed before that step
	Name          string                   `json:"name"`
	Phone         string                   `json:"phone"`
	Address       *shape.Address           `json:"address"`
}

// CreateSession makes a Checkout Session: a page somebody can pay on.
func (tx *Tx) CreateSession(in SessionNew) (any, error) {
	if err := tx.checkSession(&in); err != nil {
		return nil, err
	}
	items, err := tx.sessionItems(in)
	if err != nil {
		return nil, err
	}
	granted, err := tx.sessionGrant(&in, items)
	if err != nil {
		return nil, err
	}
	s := tx.sessionOf(in)
	p := &purchase{Items: items, Adjustable: adjustable(in.LineItems, items)}
	if u := in.CustomerUpdate; u != nil {
		p.UpdateName, p.UpdateAddress = u.Name == "auto", u.Address == "auto"
	}
	s.PhoneNumberCollection.Enabled = in.PhoneNumberCollection != nil && in.PhoneNumberCollection.Enabled
	if in.SubscriptionData != nil {
		p.Subscription = *in.SubscriptionData
	}
	if in.PaymentIntentData != nil {
		p.Payment = *in.PaymentIntentData
	}
	s.AutomaticTax.Enabled = in.AutomaticTax != nil && in.AutomaticTax.Enabled
	tx.choose(s, p, granted)
	tx.Sessions.add(s.ID, s)
	tx.Purchases.add(s.ID, p)
	tx.track(s)
	if s.Mode == "setup" {
		tx.openSessionSetup(s, in)
	}
	return s, nil
}

func (tx *Tx) sessionOf(in SessionNew) *shape.Session {
	s := &shape.Session{
		ID: "cs_test_" + tx.random(sessionTail), Object: "checkout.session", AllowPromotionCodes: in.AllowPromotionCodes,
		BillingAddressCollection: shape.Str(in.BillingAddressCollection), CancelURL: shape.Str(in.CancelURL),
		ClientReferenceID: shape.Str(in.ClientReferenceID), Created: tx.now, Customer: shape.Ref(in.Customer),
		CustomerEmail: shape.Str(in.CustomerEmail), ExpiresAt: tx.now + int64(sessionLife.Seconds()), Locale: shape.Str(in.Locale),
		Metadata: shape.Metadata{}.Merge(in.Metadata), Mode: in.Mode, PaymentMethodTypes: in.methodTypes(), PaymentStatus: "unpaid",
		PaymentMethodOptions: shape.SessionPaymentMethodOptions{Card: &shape.SessionCardOptions{RequestThreeDSecure: "automatic"}},
		Status:               "open", SubmitType: shape.Str(in.SubmitType), SuccessURL: shape.Str(in.SuccessURL), UIMode: "hosted",
	}
	set(&s.ExpiresAt, in.ExpiresAt)
	s.URL = shape.Str(tx.e.baseURL + "/c/pay/" + s.ID)
	if c := tx.Customers.get(in.Customer); c != nil {
		s.CustomerDetails = &shape.SessionCustomerDetails{Email: c.Email, TaxExempt: c.TaxExempt}
	} else if in.CustomerEmail != "" {
		s.CustomerDetails = &shape.SessionCustomerDetails{Email: s.CustomerEmail, TaxExempt: "none"}
	}
	if in.Mode == "payment" {
		s.PaymentMethodCollection = "if_required"
		s.CustomerCreation = shape.Str(or(in.CustomerCreation, "if_required"))
		if in.Customer != "" {
			s.CustomerCreation = ""
		}
		s.InvoiceCreation = in.InvoiceCreation.shape()
		return s
	}
	s.PaymentMethodCollection = shape.Str(or(in.PaymentMethodCollection, "always"))
	if in.Mode == "setup" {
		s.Currency, s.PaymentStatus = in.Currency, "no_payment_required"
		if in.Customer == "" {
			s.CustomerCreation = shape.Str(or(in.CustomerCreation, "if_required"))
		}
		return s
	}
	if in.Customer == "" {
		s.CustomerCreation = "always"
	}
	s.SavedPaymentMethodOptions = &shape.SessionSavedPaymentMethods{AllowRedisplayFilters: []string{"always"}}
	return s
}

// methodTypes are the ways to pay that the page offers: those asked for, or all that the sandbox has.
func (in SessionNew) methodTypes() []string {
	switch {
	case in.PaymentMethodTypes != nil:
		return in.PaymentMethodTypes
	case in.Mode == "payment":
		return []string{"card", bankAccount}
	}
	return []string{"card"}
}

func (ic *InvoiceCreation) shape() *shape.SessionInvoiceCreation {
	out := &shape.SessionInvoiceCreation{}
	if ic == nil {
		return out
	}
	out.Enabled = ic.Enabled
	if d := ic.InvoiceData; d != nil {
		out.InvoiceData.Description, out.InvoiceData.Footer = shape.Str(d.Description), shape.Str(d.Footer)
		out.InvoiceData.Metadata = shape.Metadata{}.Merge(d.Metadata)
	}
	return out
}
