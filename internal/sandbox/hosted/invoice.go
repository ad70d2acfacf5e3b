package hosted

import (
	"net/http"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

type invoiceBody struct {
	shape.Invoice
	Form  cardForm
	Print bool // nothing to click: made for paper
}

func (p *Pages) invoice(w http.ResponseWriter, r *http.Request) (shape.Invoice, bool) {
	var inv shape.Invoice
	found := false
	p.read(r, func(tx *engine.Tx) error {
		inv, found = tx.ViewInvoice(r.PathValue("id"))
		return nil
	})
	if !found {
		p.notFound(w, "invoice")
	}
	return inv, found
}

func (p *Pages) renderInvoice(w http.ResponseWriter, status int, b invoiceBody) {
	b.Form.Button = "Pay " + engine.Money(b.AmountDue, b.Currency)
	b.Form.TestCards = engine.TestCards
	p.render(w, status, "invoice.html", page{Title: "Invoice " + string(b.Number), Body: b})
}

func (p *Pages) showInvoice(w http.ResponseWriter, r *http.Request) {
	if inv, ok := p.invoice(w, r); ok {
		p.renderInvoice(w, http.StatusOK, invoiceBody{Invoice: inv})
	}
}

func (p *Pages) printInvoice(w http.ResponseWriter, r *http.Request) {
	if inv, ok := p.invoice(w, r); ok {
		p.renderInvoice(w, http.StatusOK, invoiceBody{Invoice: inv, Print: true})
	}
}

func (p *Pages) payInvoice(w http.ResponseWriter, r *http.Request) {
	inv, ok := p.invoice(w, r)
	if !ok {
		return
	}
	d, f := readCard(r, false)
	if f.Problem.Message != "" {
		p.renderInvoice(w, http.StatusUnprocessableEntity, invoiceBody{Invoice: inv, Form: f})
		return
	}
	err := p.do(r, func(tx *engine.Tx) error { return tx.PayInvoiceByCard(inv.ID, d) })
	if err != nil {
		f.Problem = problemOf(err)
		p.renderInvoice(w, status(err), invoiceBody{Invoice: inv, Form: f})
		return
	}
	seeOther(w, r, "/i/"+inv.ID)
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
