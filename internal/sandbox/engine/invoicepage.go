package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// PayInvoiceByCard pays an invoice with a card typed on its page. A card that asks for 3-D Secure leaves the invoice
// waiting for it: see FinishInvoiceStep.
func (tx *Tx) PayInvoiceByCard(id string, d CardDetails) (challenge bool, err error) {
	inv, err := tx.invoiceOfPage(id)
	if err != nil {
		return false, err
	}
	test, err := findCard(d.Number)
	if err != nil {
		return false, err
	}
	if err := tx.checkTyped(d); err != nil {
		return false, err
	}
	pm := tx.addMethod(test, d)
	if test.Does.asks() {
		tx.challenge(tx.intentFor(inv), pm, "")
		return true, nil
	}
	return false, tx.payOnPage(inv, payer{Method: pm, Present: true})
}

// FinishInvoiceStep goes on after the 3-D Secure step of an invoice's page.
func (tx *Tx) FinishInvoiceStep(id string, passed bool) error {
	inv, err := tx.invoiceOfPage(id)
	if err != nil {
		return err
	}
	pi := tx.PaymentIntents.get(string(inv.PaymentIntent))
	if pi == nil || pi.Status != "requires_action" {
		return shape.Invalid("", "", "No 3-D Secure step is waiting for this invoice.")
	}
	p := payer{Method: tx.PaymentMethods.get(string(pi.PaymentMethod)), Present: true, Proven: passed}
	if passed {
		return tx.payOnPage(inv, p)
	}
	return tx.uncollected(inv, p, tx.intentFailed(pi, p.Method, failedAuthentication("payment_intent")))
}

// invoiceOfPage is an invoice that can be paid.
func (tx *Tx) invoiceOfPage(id string) (*shape.Invoice, error) {
	inv := tx.Invoices.get(id)
	if inv == nil || inv.Status == "draft" {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	return inv, payable(inv)
}

// payOnPage keeps a card that will pay for its customer, and charges it.
func (tx *Tx) payOnPage(inv *shape.Invoice, p payer) error {
	c := tx.Customers.get(string(inv.Customer))
	if c != nil && p.Method.Customer == "" && tx.behaviourOf(p.Method.ID).refusal(true, p.Proven) == nil {
		if err := tx.attach(p.Method, c); err != nil {
			return err
		}
	}
	return tx.collect(inv, p)
}
