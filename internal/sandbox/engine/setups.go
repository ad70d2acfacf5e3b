package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// newSetup begins to save a card for later.
func (tx *Tx) newSetup(customer shape.Ref, pm *shape.PaymentMethod) *shape.SetupIntent {
	si := &shape.SetupIntent{
		ID: longID("seti"), Object: "setup_intent", Created: tx.now, Customer: customer, PaymentMethodTypes: []string{"card"},
		PaymentMethodOptions: shape.SetupMethodOptions{Card: shape.SetupCardOptions{RequestThreeDSecure: "automatic"}},
		Status:               "requires_payment_method", Usage: "off_session",
	}
	si.ClientSecret = si.ID + "_secret_" + random(25)
	tx.SetupIntents.add(si.ID, si)
	tx.emit("setup_intent.created", si)
	si.PaymentMethod = shape.Ref(pm.ID)
	return si
}

// SetupList asks for setup intents.
type SetupList struct {
	Page
	Made
	Customer      string `form:"customer"`
	PaymentMethod string `form:"payment_method"`
}

// GetSetup answers a setup intent.
func (tx *Tx) GetSetup(id string, _ NoInput) (any, error) {
	return found(tx.SetupIntents.get(id), "intent", "setupintent", id)
}

// ListSetups answers setup intents, newest first.
func (tx *Tx) ListSetups(in SetupList) (any, error) {
	return list("/v1/setup_intents", in.Page, tx.SetupIntents.newestOf(in.Customer), func(si *shape.SetupIntent) bool {
		return matches(in.Customer, string(si.Customer)) && matches(in.PaymentMethod, string(si.PaymentMethod)) && in.Created.Has(si.Created)
	})
}

// ChangeCard saves a card and makes it the customer's default, and that of their subscriptions that have their own.
func (tx *Tx) ChangeCard(customerID string, d CardDetails) error {
	c := tx.Customers.get(customerID)
	test, ok := testCard(d.Number)
	if c == nil || !ok {
		return unknownCard()
	}
	if err := tx.checkExpiry(d); err != nil {
		return err
	}
	pm := tx.addMethod(test, d)
	pm.BillingDetails.Email = c.Email
	si := tx.newSetup(shape.Ref(c.ID), pm)
	if refused := test.Does.refusal(true, true); refused != nil {
		si.Status, si.LastSetupError, si.PaymentMethod = "requires_payment_method", refused, ""
		tx.emit("setup_intent.setup_failed", si)
		return refused
	}
	si.Status = "succeeded"
	tx.emit("setup_intent.succeeded", si)
	if err := tx.attach(pm, c); err != nil {
		return err
	}
	update(tx, "customer.updated", c, func() { c.InvoiceSettings.DefaultPaymentMethod = shape.Ref(pm.ID) })
	for _, s := range tx.Subscriptions.of(c.ID) {
		if s.DefaultPaymentMethod != "" && !ended(s) {
			update(tx, "customer.subscription.updated", s, func() { s.DefaultPaymentMethod = shape.Ref(pm.ID) })
		}
	}
	return nil
}
