package events

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/payloop/payloop/internal/billing"
)

// disputeJSON is Stripe's Dispute: https://docs.stripe.com/api/disputes/object
type disputeJSON struct {
	ID     string         `json:"id"`
	Charge expandedCharge `json:"charge"`
	Amount int64          `json:"amount"`
	Status string         `json:"status"`
}

// expandedCharge is a charge, or its id alone where it was not expanded.
type expandedCharge struct{ chargeJSON }

// UnmarshalJSONFrom takes either form.
func (e *expandedCharge) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	e.chargeJSON = chargeJSON{}
	if d.PeekKind() == '{' {
		return json.UnmarshalDecode(d, &e.chargeJSON)
	}
	return json.UnmarshalDecode(d, (*text)(&e.ID))
}

func (j disputeJSON) object() Object {
	return &dispute{billing.ChargeDispute{
		ID:     j.ID,
		Charge: j.Charge.object().(*charge).Charge,
		Amount: j.Amount,
		Status: billing.DisputeStatus(j.Status),
	}}
}

type dispute struct{ billing.ChargeDispute }

func (d *dispute) Ref() billing.ObjectRef {
	return billing.ObjectRef{Kind: billing.DisputeObject, ID: d.ID}
}

// Needs names the paid invoice: its grant must be there before a share of it
// is taken back.
func (d *dispute) Needs() []billing.ObjectRef {
	return []billing.ObjectRef{{Kind: billing.InvoiceObject, ID: d.Charge.InvoiceID}}
}

// Owner is nobody: the invoice or the order that was paid has one.
func (d *dispute) Owner() billing.Owner { return billing.Owner{} }

// Change says how the dispute stands. Only one that is over means something.
func (d *dispute) Change(w Write) (billing.Change, error) {
	change := w.change(d)
	change.Dispute = &d.ChargeDispute
	return change, nil
}
