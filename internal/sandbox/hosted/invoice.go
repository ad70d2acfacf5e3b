package hosted

import (
	"net/http"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// invoiceBody is the page of an invoice.
type invoiceBody struct {
	engine.InvoiceView
	Form cardForm
}

func (p *Pages) invoice(w http.ResponseWriter, r *http.Request) (engine.InvoiceView, bool) {
	var v engine.InvoiceView
	found := false
	p.read(r, func(tx *engine.Tx) error {
		v, found = tx.ViewInvoice(r.PathValue("id"))
		return nil
	})
	if !found {
		p.notFound(w, "invoice")
	}
	return v, found
}

func (p *Pages) renderInvoice(w http.ResponseWriter, status int, b invoiceBody) {
	b.Form.Button = "Pay " + engine.Money(b.AmountRemaining, b.Currency)
	b.Form.TestCards = engine.TestCards
	p.render(w, status, "invoice.html", page{Title: "Invoice " + string(b.Number), Body: b})
}

func (p *Pages) showInvoice(w http.ResponseWriter, r *http.Request) {
	if v, ok := p.invoice(w, r); ok {
		p.renderInvoice(w, http.StatusOK, invoiceBody{InvoiceView: v})
	}
}

func (p *Pages) payInvoice(w http.ResponseWriter, r *http.Request) {
	v, ok := p.invoice(w, r)
	if !ok {
		return
	}
	if !v.Payable() { // the button pressed twice
		seeOther(w, r, "/i/"+v.ID)
		return
	}
	d, f := readCard(r, false)
	if f.Problem.Message != "" {
		p.renderInvoice(w, http.StatusUnprocessableEntity, invoiceBody{InvoiceView: v, Form: f})
		return
	}
	asked := false
	err := p.do(r, func(tx *engine.Tx) error {
		var err error
		asked, err = tx.PayInvoiceByCard(v.ID, d)
		return err
	})
	switch {
	case err != nil:
		f.Problem = problemOf(err)
		p.renderInvoice(w, status(err), invoiceBody{InvoiceView: v, Form: f})
	case asked:
		seeOther(w, r, "/i/"+v.ID+"/challenge")
	default:
		seeOther(w, r, "/i/"+v.ID)
	}
}

// showInvoiceStep is the 3-D Secure step of an invoice's payment.
func (p *Pages) showInvoiceStep(w http.ResponseWriter, r *http.Request) {
	v, ok := p.invoice(w, r)
	switch {
	case !ok:
	case !v.Waiting:
		seeOther(w, r, "/i/"+v.ID)
	default:
		p.renderChallenge(w, challenge{Action: "/i/" + v.ID + "/challenge", Amount: v.AmountRemaining, Currency: v.Currency})
	}
}

func (p *Pages) answerInvoiceStep(w http.ResponseWriter, r *http.Request) {
	v, ok := p.invoice(w, r)
	if !ok {
		return
	}
	if v.Waiting {
		err := p.do(r, func(tx *engine.Tx) error { return tx.FinishInvoiceStep(v.ID, r.PostFormValue("result") == "complete") })
		if err != nil {
			p.renderInvoice(w, status(err), invoiceBody{InvoiceView: v, Form: cardForm{Problem: problemOf(err)}})
			return
		}
	}
	seeOther(w, r, "/i/"+v.ID)
}

func (p *Pages) showReceipt(w http.ResponseWriter, r *http.Request) {
	var ch shape.Charge
	found := false
	p.read(r, func(tx *engine.Tx) error {
		ch, found = tx.ViewCharge(r.PathValue("id"))
		return nil
	})
	if !found {
		p.notFound(w, "receipt")
		return
	}
	p.render(w, http.StatusOK, "receipt.html", page{Title: "Receipt", Body: ch})
}
