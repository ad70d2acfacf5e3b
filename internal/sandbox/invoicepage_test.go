package sandbox_test

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

const asksEachTime = "4000002760003184"

func TestInvoicePageShowsWhatIsOwed(t *testing.T) {
	t.Parallel()
	b := setup(t, still)
	c := must(b.stripe.Customers.New(&stripe.CustomerParams{Name: stripe.String("Ada"), Email: stripe.String("ada@example.com"), Balance: stripe.Int64(-300)}))
	b.item(c, 2500, func(p *stripe.InvoiceItemParams) {
		p.Period = &stripe.InvoiceItemPeriodParams{Start: stripe.Int64(1767225600), End: stripe.Int64(1769904000)}
	})
	inv := must(b.stripe.Invoices.SendInvoice(b.invoice(c, sentIn(14), func(p *stripe.InvoiceParams) { p.Description = stripe.String("Thank you") }).ID, nil))
	status, page := b.visit(inv.HostedInvoiceURL)
	if due := page.Find("#invoice-due").Text(); status != http.StatusOK || due != "Due 14 February 2026" || page.Find("#invoice-status").Text() != "Open" {
		t.Errorf("page: %d, %q, %q", status, due, page.Find("#invoice-status").Text())
	}
	if row := page.Find("#invoice-lines tbody tr").Text(); !strings.Contains(row, "Work") || !strings.Contains(row, "1 January 2026 – 1 February 2026") || !strings.Contains(row, "$25.00") {
		t.Errorf("line: %q", row)
	}
	if sums := page.Find("#invoice-sums").Text(); !strings.Contains(sums, "Applied balance-$3.00") || page.Find("#invoice-amount").Text() != "$22.00" {
		t.Errorf("sums: %q", sums)
	}
	if page.Find("#pay").Text() != "Pay $22.00" || !strings.Contains(page.Text(), "Thank you") {
		t.Errorf("button: %q", page.Find("#pay").Text())
	}
	void := must(b.stripe.Invoices.VoidInvoice(inv.ID, nil))
	if _, page = b.visit(void.HostedInvoiceURL); page.Find("#pay").Length() != 0 || page.Find("#invoice-status").Text() != "Void" {
		t.Error("a void invoice can be paid")
	}
}

func TestInvoicePageAsksForThreeDSecure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	b.item(c, 2500)
	inv := must(b.stripe.Invoices.SendInvoice(b.invoice(c, sentIn(14)).ID, nil))
	since := b.mark()
	status, _, to := b.submit(inv.HostedInvoiceURL, cardForm(asksEachTime))
	b.wantEvents(since(), "payment_intent.requires_action")
	if status != http.StatusSeeOther || to != "/i/"+inv.ID+"/challenge" {
		t.Fatalf("pay: %d to %s", status, to)
	}
	if _, page := b.visit(to); page.Find("#challenge-complete").Length() != 1 || !strings.Contains(page.Text(), "$25.00") {
		t.Errorf("challenge: %s", page.Text())
	}
	if _, page := b.visit(inv.HostedInvoiceURL); page.Find("#challenge").Length() != 1 || page.Find("#pay").Length() != 1 {
		t.Error("the page does not lead back to the challenge")
	}
	since = b.mark()
	status, page, _ := b.submit(to, url.Values{"result": {"fail"}})
	b.wantEvents(since(), "payment_intent.payment_failed", "invoice.updated", "invoice.payment_failed")
	if status != http.StatusPaymentRequired || !strings.Contains(page.Find("#problem").Text(), "unable to authenticate") {
		t.Errorf("failed: %d %q", status, page.Find("#problem").Text())
	}
	if status, _, back := b.submit(to, url.Values{"result": {"complete"}}); status != http.StatusSeeOther || back != "/i/"+inv.ID {
		t.Errorf("a step that is over: %d to %s", status, back)
	}
	_, _, to = b.submit(inv.HostedInvoiceURL, cardForm(asksEachTime))
	since = b.mark()
	status, _, back := b.submit(to, url.Values{"result": {"complete"}})
	b.wantEvents(since(), "payment_method.attached", "charge.succeeded", "payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	if status != http.StatusSeeOther || back != "/i/"+inv.ID {
		t.Errorf("completed: %d to %s", status, back)
	}
	if status, _, again := b.submit(inv.HostedInvoiceURL, cardForm(visa)); status != http.StatusSeeOther || again != back {
		t.Errorf("the button pressed after it was paid: %d to %s", status, again)
	}
	if ch := b.last("charge.succeeded").Data.Object; ch["amount"] != 2500.0 {
		t.Errorf("charged %v", ch["amount"])
	}
}

func (b *bundle) pdf(link string) (http.Header, string) {
	b.Helper()
	res, err := browser.Get(link)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	return res.Header, string(must(io.ReadAll(res.Body)))
}

func TestInvoicePDF(t *testing.T) {
	t.Parallel()
	b := setup(t, still)
	c := must(b.stripe.Customers.New(&stripe.CustomerParams{
		Name: stripe.String("Zoë Müller (GmbH)"), Email: stripe.String("zoe@example.com"),
		Address: &stripe.AddressParams{Line1: stripe.String("Straße 1"), City: stripe.String("Köln"), PostalCode: stripe.String("50667"), Country: stripe.String("DE")},
	}))
	for i := range 60 {
		b.item(c, int64(1000+i), func(p *stripe.InvoiceItemParams) {
			p.Currency, p.Description = stripe.String("eur"), stripe.String(fmt.Sprintf("Item number %d", i))
		})
	}
	inv := b.invoice(c, sentIn(30), func(p *stripe.InvoiceParams) {
		p.Currency, p.Footer = stripe.String("eur"), stripe.String("Registered in Köln")
		p.CustomFields = []*stripe.InvoiceCustomFieldParams{{Name: stripe.String("PO number"), Value: stripe.String("A-17")}}
	})
	inv = must(b.stripe.Invoices.SendInvoice(inv.ID, nil))
	header, file := b.pdf(inv.InvoicePDF)
	kind, params, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	if header.Get("Content-Type") != "application/pdf" || err != nil || kind != "attachment" || params["filename"] != "Invoice-"+inv.Number+".pdf" {
		t.Errorf("headers: %v", header)
	}
	if !strings.HasPrefix(file, "%PDF-1.") || strings.Count(file, "/Type /Page ") < 3 {
		t.Errorf("%d pages", strings.Count(file, "/Type /Page "))
	}
	for _, want := range []string{
		"(Sandbox Merchant)", "(" + inv.Number + ")", "(31 January 2026)", "(2 March 2026)", "(Open)", `(Zo\353 M\374ller \(GmbH\))`, `(Stra\337e 1)`, `(50667 K\366ln)`,
		"(PO number)", "(A-17)", "(Item number 0)", "(Item number 59)", `(\20010.00)`, "(Total)", "(Amount due)", `(\200617.70)`, `(\200617.70 due 2 March 2026)`,
		`(Registered in K\366ln)`,
	} {
		if !strings.Contains(file, want+" Tj") {
			t.Errorf("the PDF has no %s", want)
		}
	}
	must(b.stripe.Invoices.Pay(inv.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)}))
	if _, file = b.pdf(inv.InvoicePDF); !strings.Contains(file, `(\200617.70 paid on 31 January 2026) Tj`) || !strings.Contains(file, "(Amount paid) Tj") {
		t.Error("the PDF of a paid invoice does not say so")
	}
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	if _, file = b.pdf(b.latest(sub).InvoicePDF); !strings.Contains(file, `(31 January 2026 \226 28 February 2026) Tj`) {
		t.Error("the PDF of a subscription's invoice has no period")
	}
	b.advance(time.Hour)
	if status, _ := b.visit("/i/in_none/pdf"); status != http.StatusNotFound {
		t.Errorf("no such invoice: %d", status)
	}
}
