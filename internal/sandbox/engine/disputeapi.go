package engine

import (
	"reflect"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// DisputeList asks for disputes.
type DisputeList struct {
	Page
	Made
	Charge        string `form:"charge"`
	PaymentIntent string `form:"payment_intent"`
}

// DisputeInput answers a dispute.
type DisputeInput struct {
	Evidence *EvidenceInput    `form:"evidence"`
	Metadata map[string]string `form:"metadata"`
	Submit   *bool             `form:"submit"`
}

// EvidenceInput is what the merchant says. Its fields are named as those of shape.DisputeEvidence.
type EvidenceInput struct {
	AccessActivityLog            *string `form:"access_activity_log,clear"`
	BillingAddress               *string `form:"billing_address,clear"`
	CancellationPolicyDisclosure *string `form:"cancellation_policy_disclosure,clear"`
	CancellationRebuttal         *string `form:"cancellation_rebuttal,clear"`
	CustomerEmailAddress         *string `form:"customer_email_address,clear"`
	CustomerName                 *string `form:"customer_name,clear"`
	CustomerPurchaseIP           *string `form:"customer_purchase_ip,clear"`
	DuplicateChargeExplanation   *string `form:"duplicate_charge_explanation,clear"`
	DuplicateChargeID            *string `form:"duplicate_charge_id,clear"`
	ProductDescription           *string `form:"product_description,clear"`
	RefundPolicyDisclosure       *string `form:"refund_policy_disclosure,clear"`
	RefundRefusalExplanation     *string `form:"refund_refusal_explanation,clear"`
	ServiceDate                  *string `form:"service_date,clear"`
	ShippingAddress              *string `form:"shipping_address,clear"`
	ShippingCarrier              *string `form:"shipping_carrier,clear"`
	ShippingDate                 *string `form:"shipping_date,clear"`
	ShippingTrackingNumber       *string `form:"shipping_tracking_number,clear"`
	UncategorizedText            *string `form:"uncategorized_text,clear"`
}

// verdicts are the texts that decide a test dispute, from Stripe's page about testing.
var verdicts = map[shape.Str]string{
	"winning_evidence": "won", "losing_evidence": "lost", "escalate_inquiry_evidence": "escalate",
}

func (in *EvidenceInput) apply(e *shape.DisputeEvidence) {
	from, to := reflect.ValueOf(in).Elem(), reflect.ValueOf(e).Elem()
	for i := range from.NumField() {
		if text := from.Field(i).Interface().(*string); text != nil {
			to.FieldByName(from.Type().Field(i).Name).SetString(*text)
		}
	}
}

// GetDispute answers a dispute.
func (tx *Tx) GetDispute(id string, _ NoInput) (any, error) {
	return found(tx.Disputes.get(id), "dispute", "dispute", id)
}

// UpdateDispute takes the merchant's evidence, and hands it to the bank unless told to wait.
func (tx *Tx) UpdateDispute(id string, in DisputeInput) (any, error) {
	d := tx.Disputes.get(id)
	if d == nil {
		return nil, shape.NotFound("dispute", "dispute", id)
	}
	answering := d.Status == "needs_response" || d.Status == "warning_needs_response"
	if in.Evidence != nil && !answering {
		return nil, shape.Invalid("evidence", "", "The dispute %s takes no evidence any more: it has a status of %s.", d.ID, d.Status)
	}
	submit := in.Evidence != nil
	set(&submit, in.Submit)
	submit = submit && answering
	update(tx, "charge.dispute.updated", d, func() {
		d.Metadata = d.Metadata.Merge(in.Metadata)
		if in.Evidence != nil {
			in.Evidence.apply(&d.Evidence)
			d.EvidenceDetails.HasEvidence = true
		}
		if submit {
			d.EvidenceDetails.SubmissionCount++
			d.Status = map[string]string{"needs_response": "under_review", "warning_needs_response": "warning_under_review"}[d.Status]
		}
	})
	if submit {
		tx.Coming.remove(d.ID)
	}
	if verdict := verdicts[d.Evidence.UncategorizedText]; submit && verdict != "" {
		tx.later(d, d.ID, verdict, tx.now)
	}
	return d, nil
}

// AcceptDispute gives a dispute up.
func (tx *Tx) AcceptDispute(id string, _ NoInput) (any, error) {
	return tx.CloseDispute(id, "lost")
}

// ListDisputes answers disputes, newest first.
func (tx *Tx) ListDisputes(in DisputeList) (any, error) {
	return list("/v1/disputes", in.Page, tx.Disputes.newestOf(in.Charge, in.PaymentIntent), func(d *shape.Dispute) bool {
		return matches(in.Charge, string(d.Charge)) && matches(in.PaymentIntent, string(d.PaymentIntent)) && in.Created.Has(d.Created)
	})
}
