package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// CheckoutView is what a Checkout page shows. Views are copies: they stay as they were when they were made.
type CheckoutView struct {
	Session     shape.Session
	Items       []shape.Item
	Quantities  map[string]quantityRange // of the items that the buyer may have more or less of
	Email       string                   // known already, so that the buyer cannot change it
	Name        string
	TrialEnd    int64 // Unix seconds; zero without a trial
	Waiting     bool  // for a 3-D Secure step
	ByBank      bool  // a bank account can pay, too
	NeedsCard   bool
	Codes       bool        // the buyer may enter a promotion code
	TaxIncluded bool        // in the prices
	Code        string      // the one entered
	Discount    string      // what the discount is called; empty without one
	Next        LaterCharge // what a subscription's next invoice comes to, and
	Regular     LaterCharge // from when on it comes to what
}

// LaterCharge is what a subscription is charged after today.
type LaterCharge struct {
	Amount int64 // minor units
	At     int64 // Unix seconds
}

// ViewCheckout looks at a session as its page does.
func (tx *Tx) ViewCheckout(id string) (CheckoutView, bool) {
	s, p := tx.Sessions.get(id), tx.Purchases.get(id)
	if s == nil || p == nil {
		return CheckoutView{}, false
	}
	v := CheckoutView{Session: *s, Items: slices.Clone(p.Items), Quantities: p.Adjustable, Email: string(s.CustomerEmail), Waiting: p.Method != ""}
	v.ByBank = s.Mode == "payment" && s.AmountTotal > 0 && slices.Contains(s.PaymentMethodTypes, bankAccount)
	if c := tx.Customers.get(string(s.Customer)); c != nil {
		v.Email, v.Name = string(c.Email), string(c.Name)
	}
	v.TrialEnd, v.TaxIncluded = tx.trialOf(p), taxIncluded(p.Items)
	v.NeedsCard, v.Codes = needsCard(s), s.AllowPromotionCodes != nil && *s.AllowPromotionCodes
	for _, id := range p.Discounts {
		d := tx.discount(id)
		v.Discount = string(or(d.Coupon.Name, shape.Str(d.Coupon.ID)))
		if code := tx.PromotionCodes.get(string(d.PromotionCode)); code != nil && id == p.Chosen {
			v.Code = code.Code
		}
	}
	v.Next, v.Regular = tx.laterCharges(s, p)
	return v, true
}

// PortalView is what the portal shows of a customer.
type PortalView struct {
	Session       shape.PortalSession
	Config        shape.PortalConfiguration
	Customer      shape.Customer
	Subscriptions []PlanView
	Card          *shape.PaymentMethod  // the customer's default, if any
	Others        []shape.PaymentMethod // their other cards, newest first
	Invoices      []shape.Invoice       // newest first, drafts left out
	Offers        []Offer
	FlowDone      bool
	Expired       bool
}

// PlanView is a subscription as the portal shows it.
type PlanView struct {
	shape.Subscription
	Name string
	Card *shape.PaymentMethod
}

// Offer is a price that customers may change to.
type Offer struct {
	Price shape.Price
	Name  string
}

// ViewPortal looks at a portal session as its page does.
func (tx *Tx) ViewPortal(id string) (PortalView, bool) {
	ps := tx.PortalSessions.get(id)
	if ps == nil || tx.Customers.get(ps.Customer) == nil {
		return PortalView{}, false
	}
	v := PortalView{Session: *ps, Config: *tx.PortalConfigs.get(string(ps.Configuration)), Customer: *tx.Customers.get(ps.Customer), FlowDone: tx.FlowsDone.has(id)}
	v.Expired = tx.portalExpired(ps)
	for _, s := range tx.Subscriptions.newestOf(ps.Customer) {
		if !ended(s) {
			v.Subscriptions = append(v.Subscriptions, PlanView{Subscription: *s, Name: tx.itemName(s.Items.Data[0]), Card: clone(tx.methodFor(s))})
		}
	}
	for _, inv := range tx.Invoices.newestOf(ps.Customer) {
		if inv.Status != "draft" {
			v.Invoices = append(v.Invoices, *inv)
		}
	}
	v.Card = clone(tx.customerMethod(ps.Customer))
	if v.Card == nil {
		v.Card = clone(tx.latestMethod(ps.Customer))
	}
	for _, pm := range tx.PaymentMethods.newestOf(ps.Customer) {
		if pm.Card != nil && v.Card != nil && pm.ID != v.Card.ID {
			v.Others = append(v.Others, *pm)
		}
	}
	for _, p := range offers(&v.Config) {
		for _, priceID := range p.Prices {
			if price := tx.Prices.get(priceID); price != nil && price.Active {
				v.Offers = append(v.Offers, Offer{Price: *price, Name: tx.productName(*price)})
			}
		}
	}
	return v, true
}

// FinishFlow notes that what a portal session was opened for is done.
func (tx *Tx) FinishFlow(id string) { tx.FlowsDone.set(id) }

// ViewCharge looks at a charge as its receipt does.
func (tx *Tx) ViewCharge(id string) (shape.Charge, bool) {
	ch := tx.Charges.get(id)
	if ch == nil || !ch.Paid {
		return shape.Charge{}, false
	}
	return *ch, true
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
