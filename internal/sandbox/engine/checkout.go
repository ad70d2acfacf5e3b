package engine

import (
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Payment is what somebody submits on a Checkout page.
type Payment struct {
	CardDetails
}

// Paid is what comes of it.
type Paid struct {
	RedirectURL string // where the buyer goes now
	Challenge   bool   // 3-D Secure comes first: see FinishChallenge
}

// PaySession pays an open session. A card that asks for 3-D Secure leaves the session waiting for it.
func (tx *Tx) PaySession(id string, in Payment) (Paid, error) {
	s, err := tx.openSession(id)
	if err != nil {
		return Paid{}, err
	}
	p := tx.Purchases.get(id)
	if err := tx.stillRedeemable(s, p); err != nil {
		return Paid{}, err
	}
	p.Phone, p.Address = in.Phone, in.Address
	if !needsCard(s) {
		in.Email = tx.buyerEmail(s, in.Email)
		return tx.complete(s, nil, in.CardDetails, false)
	}
	c, err := findCard(in.Number)
	if err != nil {
		return Paid{}, err
	}
	if err := tx.checkTyped(in.CardDetails); err != nil {
		return Paid{}, err
	}
	in.Email = tx.buyerEmail(s, in.Email)
	pm := tx.addMethod(c, in.CardDetails)
	if !c.Does.asks() {
		return tx.complete(s, pm, in.CardDetails, false)
	}
	p.Method, p.Email, p.Name = pm.ID, in.Email, in.Name
	switch {
	case s.Mode == "setup":
		tx.challengeSetup(tx.SetupIntents.get(string(s.SetupIntent)), pm, "")
	case s.AmountTotal > 0:
		tx.challenge(tx.sessionIntent(s, p), pm, "")
	}
	return Paid{Challenge: true}, nil
}

// FinishChallenge goes on after the 3-D Secure step.
func (tx *Tx) FinishChallenge(id string, passed bool) (Paid, error) {
	s, err := tx.openSession(id)
	if err != nil {
		return Paid{}, err
	}
	p := tx.Purchases.get(id)
	pm := tx.PaymentMethods.get(p.Method)
	if pm == nil {
		return Paid{}, shape.Invalid("", "", "No 3-D Secure step is waiting for this Checkout Session.")
	}
	p.Method = ""
	if passed {
		return tx.complete(s, pm, CardDetails{Email: p.Email, Name: p.Name}, true)
	}
	if s.Mode == "setup" {
		return Paid{}, tx.setupFailed(tx.SetupIntents.get(string(s.SetupIntent)), pm, failedAuthentication("setup_intent"))
	}
	if s.AmountTotal == 0 {
		return Paid{}, failedAuthentication("payment_intent")
	}
	return Paid{}, tx.intentFailed(tx.sessionIntent(s, p), pm, failedAuthentication("payment_intent"))
}

// needsCard reports whether a card must be given: always to save it, and else unless nothing is to be paid.
func needsCard(s *shape.Session) bool {
	switch {
	case s.Mode == "setup" || s.AmountTotal > 0:
		return true
	case s.Mode == "subscription":
		return s.PaymentMethodCollection != "if_required"
	}
	return false
}

// Waiting reports whether a session waits for a 3-D Secure step.
func (tx *Tx) Waiting(id string) bool {
	p := tx.Purchases.get(id)
	return p != nil && p.Method != ""
}

func (tx *Tx) openSession(id string) (*shape.Session, error) {
	s := tx.Sessions.get(id)
	if s == nil {
		return nil, shape.NotFound("session", "checkout.session", id)
	}
	switch s.Status {
	case "complete":
		return nil, shape.Invalid("", "", "This Checkout Session is complete already: it cannot be paid again.")
	case "expired":
		return nil, shape.Invalid("", "", "This Checkout Session has expired.")
	}
	return s, nil
}

// buyerEmail is the address a session already knows, or the one typed.
func (tx *Tx) buyerEmail(s *shape.Session, typed string) string {
	if c := tx.Customers.get(string(s.Customer)); c != nil && c.Email != "" {
		return string(c.Email)
	}
	return or(or(string(s.CustomerEmail), typed), "buyer@example.com")
}

// complete charges the card and makes what was bought. When the card is refused the session stays open.
func (tx *Tx) complete(s *shape.Session, pm *shape.PaymentMethod, d CardDetails, proven bool) (Paid, error) {
	p := tx.Purchases.get(s.ID)
	if s.Mode == "setup" {
		if why := tx.behaviourOf(pm.ID).unsavable(); why != nil {
			return Paid{}, tx.setupFailed(tx.SetupIntents.get(string(s.SetupIntent)), pm, why)
		}
	} else if pm != nil && tx.behaviourOf(pm.ID).refusal(true, proven) != nil {
		return Paid{}, tx.refuse(s, p, payer{Method: pm, Present: true, Proven: proven})
	}
	c := tx.buyer(s, p, d)
	err := tx.fulfil(s, p, c, payer{Method: pm, Present: true, Proven: proven})
	if err != nil {
		return Paid{}, err
	}
	s.Status, s.URL = "complete", ""
	s.PaymentStatus = "paid"
	if s.AmountTotal == 0 {
		s.PaymentStatus = "no_payment_required"
	}
	if s.Mode == "payment" {
		tx.redeemPaid(s, p)
	}
	s.CustomerDetails = &shape.SessionCustomerDetails{
		Address: p.Address, Email: shape.Str(d.Email), Name: shape.Str(d.Name), Phone: shape.Str(p.Phone), TaxExempt: "none",
	}
	if c != nil {
		s.CustomerDetails.TaxExempt = c.TaxExempt
	}
	if c != nil && d.Name == "" {
		s.CustomerDetails.Name = c.Name
	}
	tx.emit("checkout.session.completed", s)
	return Paid{RedirectURL: redirectURL(s)}, nil
}

func redirectURL(s *shape.Session) string {
	return strings.ReplaceAll(string(s.SuccessURL), "{CHECKOUT_SESSION_ID}", s.ID)
}

// refuse tells of a card that was refused.
func (tx *Tx) refuse(s *shape.Session, p *purchase, by payer) error {
	if s.AmountTotal > 0 {
		return tx.confirm(tx.sessionIntent(s, p), by)
	}
	return tx.setupFailed(tx.newSetup(s.Customer), by.Method, tx.behaviourOf(by.Method.ID).refusal(true, by.Proven))
}

// sessionIntent is the payment intent of a session, opened by the first attempt to pay.
func (tx *Tx) sessionIntent(s *shape.Session, p *purchase) *shape.PaymentIntent {
	if pi := tx.PaymentIntents.get(string(p.Intent)); pi != nil {
		return pi
	}
	pi := tx.newIntent(purpose{
		Amount: s.AmountTotal, Currency: s.Currency, Customer: s.Customer, Description: p.Payment.Description,
		Metadata: p.Payment.Metadata, ReceiptTo: p.Payment.ReceiptEmail, Reuse: p.Payment.SetupFutureUsage,
	})
	p.Intent = shape.Ref(pi.ID)
	if s.Mode == "payment" {
		s.PaymentIntent = p.Intent
		tx.Sessions.index(s.ID)
	}
	return pi
}

// buyer is the session's customer; made now when the session had none but is to have one, else nil.
func (tx *Tx) buyer(s *shape.Session, p *purchase, d CardDetails) *shape.Customer {
	c := tx.Customers.get(string(s.Customer))
	if c != nil {
		update(tx, "customer.updated", c, func() { p.updateBuyer(c, d.Name) })
		return c
	}
	if s.Mode != "subscription" && s.CustomerCreation != "always" {
		return nil
	}
	made, err := tx.CreateCustomer(CustomerNew{CustomerInput: CustomerInput{
		Address: addressInput(p.Address), Email: &d.Email, Name: nonEmpty(d.Name), Phone: nonEmpty(p.Phone),
	}})
	if err != nil {
		return nil
	}
	c = made.(*shape.Customer)
	s.Customer = shape.Ref(c.ID)
	return c
}

// updateBuyer writes to a customer what the session may: a telephone number only where there was none.
func (p *purchase) updateBuyer(c *shape.Customer, name string) {
	if p.UpdateName && name != "" {
		c.Name = shape.Str(name)
	}
	if p.UpdateAddress && p.Address != nil {
		c.Address = p.Address
	}
	c.Phone = or(c.Phone, shape.Str(p.Phone))
}

func (tx *Tx) fulfil(s *shape.Session, p *purchase, c *shape.Customer, by payer) error {
	switch s.Mode {
	case "subscription":
		return tx.fulfilSubscription(s, p, c, by)
	case "setup":
		si := tx.SetupIntents.get(string(s.SetupIntent))
		si.Customer = s.Customer
		return tx.setupSucceeded(si, by)
	}
	if s.AmountTotal == 0 {
		return nil
	}
	pi := tx.sessionIntent(s, p)
	pi.Customer = s.Customer
	if c != nil && p.Payment.SetupFutureUsage != "" {
		if err := tx.attach(by.Method, c); err != nil {
			return err
		}
	}
	if err := tx.confirm(pi, by); err != nil {
		return err
	}
	if s.InvoiceCreation != nil && s.InvoiceCreation.Enabled && c != nil {
		tx.invoicePurchase(s, p, c, pi)
	}
	return nil
}

// invoicePurchase writes the invoice of a one-time payment that was made already.
func (tx *Tx) invoicePurchase(s *shape.Session, p *purchase, c *shape.Customer, pi *shape.PaymentIntent) {
	inv := tx.draft(c, nil, "manual", s.Currency, tx.oneTimeLines(p.Items))
	inv.Discounts, inv.AutomaticTax.Enabled = slices.Clone(p.Discounts), s.AutomaticTax.Enabled
	tx.total(inv, inv.Lines.Data)
	inv.Metadata = inv.Metadata.Merge(s.InvoiceCreation.InvoiceData.Metadata)
	inv.Description, inv.Footer = s.InvoiceCreation.InvoiceData.Description, s.InvoiceCreation.InvoiceData.Footer
	inv.PaymentIntent, inv.Charge = shape.Ref(pi.ID), pi.LatestCharge
	s.Invoice, pi.Invoice = shape.Ref(inv.ID), shape.Ref(inv.ID)
	if ch := tx.Charges.get(string(pi.LatestCharge)); ch != nil {
		ch.Invoice = s.Invoice
	}
	tx.emit("invoice.created", inv)
	tx.finalize(inv)
	tx.settle(inv)
}

func (tx *Tx) oneTimeLines(items []shape.Item) []shape.Line {
	var lines []shape.Line
	for _, it := range items {
		if it.Price.Recurring == nil {
			l := tx.line(it.Price, it.Quantity, it.Price.UnitAmount*it.Quantity, it.Description, shape.Period{Start: tx.now, End: tx.now})
			l.InvoiceItem = tx.longID("ii")
			lines = append(lines, l)
		}
	}
	return lines
}

func (tx *Tx) fulfilSubscription(s *shape.Session, p *purchase, c *shape.Customer, by payer) error {
	if by.Method != nil {
		if err := tx.attach(by.Method, c); err != nil {
			return err
		}
	}
	st := start{
		Customer: c, Metadata: p.Subscription.Metadata, Description: p.Subscription.Description, Method: by.Method,
		Present: by.Present, Proven: by.Proven, Intent: p.Intent, Extra: tx.oneTimeLines(p.Items), TrialEnd: tx.trialOf(p),
		Shown: true, Tax: s.AutomaticTax.Enabled, Granted: tx.chosen(p),
	}
	p.Trialing = st.TrialEnd > tx.now
	if t := p.Subscription.TrialSettings; t != nil {
		st.MissingCard = t.EndBehavior.MissingPaymentMethod
	}
	for _, it := range p.Items {
		if it.Price.Recurring != nil {
			st.Items = append(st.Items, ItemInput{Price: it.Price.ID, Quantity: &it.Quantity, Resolved: &it.Price})
		}
	}
	if s.AmountTotal == 0 && by.Method != nil {
		if err := tx.setupSucceeded(tx.newSetup(shape.Ref(c.ID)), by); err != nil {
			return err
		}
	}
	sub, err := tx.startSubscription(st)
	if err != nil {
		return err
	}
	s.Subscription, s.Invoice = shape.Ref(sub.ID), sub.LatestInvoice
	return nil
}

// expireSession closes a session that was not paid in time.
func (tx *Tx) expireSession(s *shape.Session) {
	s.Status, s.URL = "expired", ""
	if p := tx.Purchases.get(s.ID); p != nil {
		tx.cancelIntent(p.Intent, "automatic")
		tx.cancelSetup(s.SetupIntent, "abandoned")
	}
	tx.emit("checkout.session.expired", s)
}

func sessionDue(s *shape.Session) int64 {
	if s == nil || s.Status != "open" {
		return 0
	}
	return s.ExpiresAt
}
