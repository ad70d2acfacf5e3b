package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// SessionList asks for Checkout Sessions.
type SessionList struct {
	Page
	Made
	Customer        string               `form:"customer"`
	CustomerDetails *SessionListCustomer `form:"customer_details"`
	PaymentIntent   string               `form:"payment_intent"`
	Status          string               `form:"status" enum:"complete|expired|open"`
	Subscription    string               `form:"subscription"`
}

// SessionListCustomer narrows a list to an e-mail address.
type SessionListCustomer struct {
	Email string `form:"email,required"`
}

// SessionInput changes what may be changed of a session.
type SessionInput struct {
	Metadata map[string]string `form:"metadata"`
}

// GetSession answers a Checkout Session.
func (tx *Tx) GetSession(id string, _ NoInput) (any, error) {
	return found(tx.Sessions.get(id), "session", "checkout.session", id)
}

// UpdateSession changes a session's metadata; Stripe has no event for it.
func (tx *Tx) UpdateSession(id string, in SessionInput) (any, error) {
	s := tx.Sessions.get(id)
	if s == nil {
		return nil, shape.NotFound("session", "checkout.session", id)
	}
	s.Metadata = s.Metadata.Merge(in.Metadata)
	return s, nil
}

// ListSessions answers Checkout Sessions, newest first.
func (tx *Tx) ListSessions(in SessionList) (any, error) {
	return list("/v1/checkout/sessions", in.Page, tx.Sessions.newestOf(in.PaymentIntent, in.Subscription, in.Customer), func(s *shape.Session) bool {
		return matches(in.Customer, string(s.Customer)) && matches(in.PaymentIntent, string(s.PaymentIntent)) &&
			matches(in.Status, s.Status) && matches(in.Subscription, string(s.Subscription)) && in.Created.Has(s.Created) &&
			(in.CustomerDetails == nil || s.CustomerDetails != nil && string(s.CustomerDetails.Email) == in.CustomerDetails.Email)
	})
}

// ExpireSession closes an open session.
func (tx *Tx) ExpireSession(id string, _ NoInput) (any, error) {
	s := tx.Sessions.get(id)
	if s == nil {
		return nil, shape.NotFound("session", "checkout.session", id)
	}
	if s.Status != "open" {
		return nil, shape.Invalid("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. "+
			"This Checkout Session has a status of `%s`.", s.Status)
	}
	tx.expireSession(s)
	return s, nil
}

// ListSessionItems answers what a session sells.
func (tx *Tx) ListSessionItems(id string, in Page) (any, error) {
	p := tx.Purchases.get(id)
	if p == nil {
		return nil, shape.NotFound("session", "checkout.session", id)
	}
	var items table[shape.Item]
	for _, it := range p.Items {
		items.add(it.ID, &it)
	}
	return list("/v1/checkout/sessions/"+id+"/line_items", in, items.all(), func(*shape.Item) bool { return true })
}
