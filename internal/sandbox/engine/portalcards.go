package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// ChangeCard saves a card that somebody typed in the portal and makes it the default. A card that asks for 3-D Secure
// waits for that first: then it answers where the step is, after which the buyer comes back to returnPath.
func (tx *Tx) ChangeCard(customerID string, d CardDetails, returnPath string) (step string, err error) {
	c := tx.Customers.get(customerID)
	test, err := findCard(d.Number)
	if err != nil {
		return "", err
	}
	if err := tx.checkTyped(d); err != nil {
		return "", err
	}
	pm := tx.addMethod(test, d)
	pm.BillingDetails.Email = c.Email
	si := tx.newSetup(shape.Ref(c.ID))
	if test.Does.asks() {
		tx.challengeSetup(si, pm, tx.e.baseURL+returnPath)
		if tx.CardChanges == nil {
			tx.CardChanges = map[string]string{}
		}
		tx.CardChanges[si.ID] = c.ID
		return "/3ds/" + si.ID, nil
	}
	if err := tx.setupSucceeded(si, payer{Method: pm, Present: true}); err != nil {
		return "", err
	}
	tx.makeDefault(c, pm)
	return "", nil
}

// finishCardChange makes a card the default once its 3-D Secure step is passed, if it was typed in the portal.
func (tx *Tx) finishCardChange(si *shape.SetupIntent) {
	c, pm := tx.Customers.get(tx.CardChanges[si.ID]), tx.PaymentMethods.get(string(si.PaymentMethod))
	delete(tx.CardChanges, si.ID)
	if c != nil && pm != nil && string(pm.Customer) == c.ID {
		tx.makeDefault(c, pm)
	}
}

// makeDefault makes a card the customer's default, and that of their subscriptions that have their own.
func (tx *Tx) makeDefault(c *shape.Customer, pm *shape.PaymentMethod) {
	update(tx, "customer.updated", c, func() { c.InvoiceSettings.DefaultPaymentMethod = shape.Ref(pm.ID) })
	for _, s := range tx.Subscriptions.of(c.ID) {
		if s.DefaultPaymentMethod != "" && !ended(s) {
			update(tx, "customer.subscription.updated", s, func() { s.DefaultPaymentMethod = shape.Ref(pm.ID) })
		}
	}
}

// MakeDefaultCard chooses among a customer's saved cards.
func (tx *Tx) MakeDefaultCard(customerID, id string) error {
	c, pm := tx.Customers.get(customerID), tx.PaymentMethods.get(id)
	if c == nil || pm == nil || string(pm.Customer) != c.ID {
		return shape.NotFound("payment_method", "PaymentMethod", id)
	}
	tx.makeDefault(c, pm)
	return nil
}

// RemoveCard takes a saved card from a customer, but not one that is to be charged.
func (tx *Tx) RemoveCard(customerID, id string) error {
	c, pm := tx.Customers.get(customerID), tx.PaymentMethods.get(id)
	if c == nil || pm == nil || string(pm.Customer) != c.ID {
		return shape.NotFound("payment_method", "PaymentMethod", id)
	}
	for _, s := range tx.Subscriptions.of(c.ID) {
		if !ended(s) && tx.methodFor(s) == pm {
			return shape.Invalid("payment_method", "", "Your plan is paid with this card. Make another card the default first.")
		}
	}
	_, err := tx.DetachMethod(id, NoInput{})
	return err
}
