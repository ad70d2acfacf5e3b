package hosted

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/pdf"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Where things stand on the paper, in points.
const (
	paperLeft   = 54.0
	paperRight  = pdf.PageWidth - 54.0
	paperTop    = pdf.PageHeight - 64.0
	paperBottom = 84.0
	billLeft    = 306.0 // the second column of addresses
	quantityEnd = 400.0
	unitEnd     = 478.0
	sumsLeft    = 330.0
	textSize    = 9.5
	lineHeight  = 13.5
)

func (p *Pages) printInvoice(w http.ResponseWriter, r *http.Request) {
	v, ok := p.invoice(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="Invoice-%s.pdf"`, safeName(string(v.Number))))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(invoicePDF(v, p.engine.Merchant()))
}

// safeName leaves of an invoice's number what can stand in the name of a file.
func safeName(number string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' {
			return r
		}
		return -1
	}, number)
}

// paper is an invoice being written.
type paper struct {
	engine.InvoiceView
	doc pdf.Document
	y   float64 // where the next line stands
}

func invoicePDF(v engine.InvoiceView, merchant string) []byte {
	p := &paper{InvoiceView: v, doc: pdf.Document{Title: "Invoice " + string(v.Number)}}
	p.newPage()
	p.head(merchant)
	p.lines()
	p.sums()
	p.notes()
	p.doc.Mark(pdf.Regular, 8, paperLeft, 42, func(page, pages int) string {
		return fmt.Sprintf("%s · %s · Page %d of %d · Sandbox: no real money", v.Number, p.sentence(), page, pages)
	})
	return p.doc.Bytes()
}

func (p *paper) newPage() {
	p.doc.AddPage()
	p.y = paperTop
}

// room begins a new page when less than a height is left on this one.
func (p *paper) room(height float64) (fresh bool) {
	if p.y-height >= paperBottom {
		return false
	}
	p.newPage()
	return true
}

func (p *paper) money(amount int64) string { return engine.Money(amount, p.Currency) }

// put writes a line and goes on to the next.
func (p *paper) put(f pdf.Font, size, x float64, text string) {
	p.doc.Text(f, size, x, p.y, text)
	p.y -= size * 1.42
}

func (p *paper) head(merchant string) {
	p.doc.TextRight(pdf.Bold, 13, paperRight, p.y, merchant)
	p.put(pdf.Bold, 22, paperLeft, "Invoice")
	p.y -= 8
	for _, f := range p.facts() {
		p.doc.Text(pdf.Regular, textSize, paperLeft+92, p.y, f.value)
		p.put(pdf.Bold, textSize, paperLeft, f.name)
	}
	p.y -= 16
	p.columns([]string{merchant, p.AccountCountry}, p.billTo())
	p.y -= 22
	for _, line := range pdf.Bold.Wrap(15, paperRight-paperLeft, p.sentence()) {
		p.put(pdf.Bold, 15, paperLeft, line)
	}
	if !p.Payable() || p.HostedInvoiceURL == "" {
		p.y -= 12
		return
	}
	p.put(pdf.Regular, textSize, paperLeft, "Pay online: "+string(p.HostedInvoiceURL))
	p.y -= 12
}

type fact struct{ name, value string }

func (p *paper) facts() []fact {
	out := []fact{{"Invoice number", string(p.Number)}, {"Date of issue", day(or64(p.EffectiveAt, p.Created))}}
	if p.DueDate != 0 {
		out = append(out, fact{"Date due", day(p.DueDate)})
	}
	if at := p.StatusTransitions.PaidAt; at != 0 {
		out = append(out, fact{"Date paid", day(at)})
	}
	out = append(out, fact{"Status", capital(p.Status)})
	for _, f := range p.CustomFields {
		out = append(out, fact{f.Name, f.Value})
	}
	return out
}

// or64 is a time, or what stands in for none.
func or64(t shape.Time, fallback int64) shape.Time {
	if t == 0 {
		return shape.Time(fallback)
	}
	return t
}

func day(t shape.Time) string { return moment(t).Format("2 January 2006") }

func (p *paper) billTo() []string {
	out := []string{string(p.CustomerName), string(p.CustomerEmail)}
	if a := p.CustomerAddress; a != nil {
		city := strings.TrimSpace(string(a.PostalCode) + " " + string(a.City))
		out = append(out, string(a.Line1), string(a.Line2), city, string(a.State), string(a.Country))
	}
	return append(out, string(p.CustomerPhone))
}

// columns writes who the invoice is from beside who it is for.
func (p *paper) columns(from, to []string) {
	top := p.y
	p.put(pdf.Bold, textSize, paperLeft, "From")
	p.block(paperLeft, billLeft-paperLeft-16, from)
	low := p.y
	p.y = top
	p.put(pdf.Bold, textSize, billLeft, "Bill to")
	p.block(billLeft, paperRight-billLeft, to)
	p.y = min(p.y, low)
}

// block writes lines that are not empty, wrapped to a width.
func (p *paper) block(x, width float64, lines []string) {
	for _, text := range lines {
		if text == "" {
			continue
		}
		for _, line := range pdf.Regular.Wrap(textSize, width, text) {
			p.put(pdf.Regular, textSize, x, line)
		}
	}
}

// sentence says how things stand in one line.
func (p *paper) sentence() string {
	switch p.Status {
	case "paid":
		return p.money(p.AmountDue) + " paid on " + day(p.StatusTransitions.PaidAt)
	case "void":
		return "This invoice is void: nothing is to be paid"
	}
	if p.DueDate != 0 {
		return p.money(p.AmountDue) + " due " + day(p.DueDate)
	}
	return p.money(p.AmountDue) + " due"
}

func (p *paper) tableHead() {
	p.doc.TextRight(pdf.Bold, 8.5, quantityEnd, p.y, "Qty")
	p.doc.TextRight(pdf.Bold, 8.5, unitEnd, p.y, "Unit price")
	p.doc.TextRight(pdf.Bold, 8.5, paperRight, p.y, "Amount")
	p.put(pdf.Bold, 8.5, paperLeft, "Description")
	p.doc.Rule(paperLeft, paperRight, p.y+4)
	p.y -= 9
}

func (p *paper) lines() {
	p.tableHead()
	for _, l := range p.Lines.Data {
		texts := pdf.Regular.Wrap(textSize, quantityEnd-paperLeft-34, string(l.Description))
		if p.room(lineHeight * float64(len(texts)+1)) {
			p.tableHead()
		}
		p.doc.TextRight(pdf.Regular, textSize, quantityEnd, p.y, fmt.Sprint(l.Quantity))
		if !l.Proration {
			p.doc.TextRight(pdf.Regular, textSize, unitEnd, p.y, engine.Money(l.Price.UnitAmount, l.Currency))
		}
		p.doc.TextRight(pdf.Regular, textSize, paperRight, p.y, engine.Money(l.Amount, l.Currency))
		for _, text := range texts {
			p.put(pdf.Regular, textSize, paperLeft, text)
		}
		if l.Period.Start != l.Period.End {
			p.put(pdf.Regular, 8, paperLeft, day(shape.Time(l.Period.Start))+" – "+day(shape.Time(l.Period.End)))
		}
		p.y -= 5
	}
}

// sums are the lines below the table, those that matter.
func (p *paper) sums() {
	p.y -= 6
	p.sum(pdf.Regular, "Subtotal", p.Subtotal)
	for _, d := range p.Discounts {
		p.sum(pdf.Regular, d.Name, -d.Amount)
	}
	for _, t := range p.Taxes {
		p.sum(pdf.Regular, t.Name, t.Amount)
	}
	p.sum(pdf.Regular, "Total", p.Total)
	if b := p.FromBalance(); b != 0 {
		p.sum(pdf.Regular, "Applied balance", b)
	}
	if p.Status == "paid" {
		p.sum(pdf.Bold, "Amount paid", p.AmountDue)
		return
	}
	p.sum(pdf.Bold, "Amount due", p.AmountRemaining)
}

func (p *paper) sum(f pdf.Font, name string, amount int64) {
	names := f.Wrap(textSize, unitEnd-sumsLeft, name)
	p.room(lineHeight * float64(len(names)))
	p.doc.Rule(sumsLeft, paperRight, p.y+11)
	p.doc.TextRight(f, textSize, paperRight, p.y, p.money(amount))
	for _, text := range names {
		p.put(f, textSize, sumsLeft, text)
	}
	p.y -= 4
}

// notes are the merchant's own words.
func (p *paper) notes() {
	for _, text := range []string{string(p.Description), string(p.Footer)} {
		if text == "" {
			continue
		}
		p.y -= 14
		for _, line := range pdf.Regular.Wrap(textSize, paperRight-paperLeft, text) {
			p.room(lineHeight)
			p.put(pdf.Regular, textSize, paperLeft, line)
		}
	}
}
