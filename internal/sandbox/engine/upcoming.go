package engine

import (
	"fmt"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Preview asks what an invoice would be: a customer's next one, that of a subscription as it is or after a change, or
// the first one of a subscription that is not there yet.
type Preview struct {
	AutomaticTax *SwitchInput     `form:"automatic_tax"`
	Coupon       *string          `form:"coupon,clear"`
	Currency     string           `form:"currency"`
	Customer     string           `form:"customer"`
	Discounts    *[]DiscountInput `form:"discounts,clear"`
	Details      *PreviewChange   `form:"subscription_details"`
	InvoiceItems []PreviewItem    `form:"invoice_items"`
	Subscription string           `form:"subscription"`
}

// PreviewChange is a subscription's change that is tried out, or what a new one would be.
type PreviewChange struct {
	BillingCycleAnchor string      `form:"billing_cycle_anchor"` // now, unchanged, or for a new subscription Unix seconds
	CancelAtPeriodEnd  *bool       `form:"cancel_at_period_end"`
	CancelNow          *bool       `form:"cancel_now"`
	Items              []ItemInput `form:"items"`
	ProrationBehavior  string      `form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
	ProrationDate      *int64      `form:"proration_date"`
	ResumeAt           string      `form:"resume_at" enum:"now"`
	TrialEnd           *form.When  `form:"trial_end"`
}

// PreviewItem is an invoice item that is tried out: a new one, or one that waits and is changed.
type PreviewItem struct {
	ItemCost
	ItemNotes
	Currency    string `form:"currency"`
	InvoiceItem string `form:"invoiceitem"`
}

// Upcoming is Preview as the older endpoint has it, with older names for the change beside the newer ones.
type Upcoming struct {
	Preview
	BillingCycleAnchor string      `form:"subscription_billing_cycle_anchor"`
	CancelAtPeriodEnd  *bool       `form:"subscription_cancel_at_period_end"`
	CancelNow          *bool       `form:"subscription_cancel_now"`
	Items              []ItemInput `form:"subscription_items"`
	ProrationBehavior  string      `form:"subscription_proration_behavior" enum:"always_invoice|create_prorations|none"`
	ProrationDate      *int64      `form:"subscription_proration_date"`
	ResumeAt           string      `form:"subscription_resume_at" enum:"now"`
	TrialEnd           *form.When  `form:"subscription_trial_end"`
}

// UpcomingLines asks for the lines of such an invoice, by pages.
type UpcomingLines struct {
	Upcoming
	Page
}

// preview is the same question in the newer names.
func (in Upcoming) preview() (Preview, error) {
	older := PreviewChange{
		BillingCycleAnchor: in.BillingCycleAnchor, CancelAtPeriodEnd: in.CancelAtPeriodEnd, CancelNow: in.CancelNow, Items: in.Items,
		ProrationBehavior: in.ProrationBehavior, ProrationDate: in.ProrationDate, ResumeAt: in.ResumeAt, TrialEnd: in.TrialEnd,
	}
	if older.none() {
		return in.Preview, nil
	}
	if in.Details != nil {
		return in.Preview, shape.Invalid("subscription_details", "", "You may pass either `subscription_details` or the older parameters that begin with `subscription_`, not both.")
	}
	in.Details = &older
	return in.Preview, nil
}

// none reports whether nothing is to be changed.
func (c PreviewChange) none() bool {
	return c.BillingCycleAnchor == "" && c.CancelAtPeriodEnd == nil && c.CancelNow == nil && c.Items == nil &&
		c.ProrationBehavior == "" && c.ProrationDate == nil && c.ResumeAt == "" && c.TrialEnd == nil
}

// CreatePreview previews an invoice. Nothing is kept of it.
func (tx *Tx) CreatePreview(in Preview) (any, error) { return result(tx.previewInvoice(in)) }

// UpcomingInvoice is CreatePreview by its older name.
func (tx *Tx) UpcomingInvoice(in Upcoming) (any, error) {
	p, err := in.preview()
	if err != nil {
		return nil, err
	}
	return tx.CreatePreview(p)
}

// ListUpcomingLines answers the lines of a previewed invoice.
func (tx *Tx) ListUpcomingLines(in UpcomingLines) (any, error) {
	p, err := in.Upcoming.preview()
	if err != nil {
		return nil, err
	}
	inv, err := tx.previewInvoice(p)
	if err != nil {
		return nil, err
	}
	var lines table[shape.Line]
	for _, l := range inv.Lines.Data {
		lines.add(l.ID, &l)
	}
	return list(inv.Lines.URL, in.Page, lines.all(), func(*shape.Line) bool { return true })
}

// result hands on an object or an error, never a nil pointer in an interface.
func result[T any](obj *T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return obj, nil
}

// noUpcoming is Stripe's error for a customer or a subscription that will not be invoiced.
func noUpcoming(customer string) error {
	e := shape.Invalid("", "invoice_upcoming_none", "No upcoming invoices for customer: %s", customer)
	e.Status = 404
	return e
}

// temporary gives the lines of a preview ids that stay the same when it is asked for again, so that it can be paged.
func temporary(inv *shape.Invoice, of string) {
	_, tail, _ := strings.Cut(of, "_")
	inv.ID = "upcoming_in_" + tail
	inv.Lines.URL = "/v1/invoices/upcoming/lines"
	for i := range inv.Lines.Data {
		l := &inv.Lines.Data[i]
		l.ID, l.Invoice = fmt.Sprintf("il_tmp_%s%02d", tail, i), shape.Str(inv.ID)
	}
}
