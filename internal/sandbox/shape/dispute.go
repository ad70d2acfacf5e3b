package shape

// Dispute is a payment that its cardholder does not accept. An inquiry, which comes before that, takes no money.
//
//	needs_response ──submit──▶ under_review ──▶ won
//	      └──close, or nothing until due_by──▶ lost ◀──┘
type Dispute struct {
	ID                   string                     `json:"id"`
	Object               string                     `json:"object"`
	Amount               int64                      `json:"amount"`
	BalanceTransactions  Array[*BalanceTransaction] `json:"balance_transactions"`
	Charge               Ref                        `json:"charge"`
	Created              int64                      `json:"created"`
	Currency             string                     `json:"currency"`
	Evidence             DisputeEvidence            `json:"evidence"`
	EvidenceDetails      EvidenceDetails            `json:"evidence_details"`
	IsChargeRefundable   bool                       `json:"is_charge_refundable"`
	Livemode             bool                       `json:"livemode"`
	Metadata             Metadata                   `json:"metadata"`
	PaymentIntent        Ref                        `json:"payment_intent"`
	PaymentMethodDetails DisputedMethod             `json:"payment_method_details"`
	Reason               string                     `json:"reason"`
	Status               string                     `json:"status"`
}

// DisputeEvidence is what the merchant says against it; files are not taken here.
type DisputeEvidence struct {
	AccessActivityLog            Str `json:"access_activity_log"`
	BillingAddress               Str `json:"billing_address"`
	CancellationPolicy           Ref `json:"cancellation_policy"`
	CancellationPolicyDisclosure Str `json:"cancellation_policy_disclosure"`
	CancellationRebuttal         Str `json:"cancellation_rebuttal"`
	CustomerCommunication        Ref `json:"customer_communication"`
	CustomerEmailAddress         Str `json:"customer_email_address"`
	CustomerName                 Str `json:"customer_name"`
	CustomerPurchaseIP           Str `json:"customer_purchase_ip"`
	CustomerSignature            Ref `json:"customer_signature"`
	DuplicateChargeDocumentation Ref `json:"duplicate_charge_documentation"`
	DuplicateChargeExplanation   Str `json:"duplicate_charge_explanation"`
	DuplicateChargeID            Str `json:"duplicate_charge_id"`
	ProductDescription           Str `json:"product_description"`
	Receipt                      Ref `json:"receipt"`
	RefundPolicy                 Ref `json:"refund_policy"`
	RefundPolicyDisclosure       Str `json:"refund_policy_disclosure"`
	RefundRefusalExplanation     Str `json:"refund_refusal_explanation"`
	ServiceDate                  Str `json:"service_date"`
	ServiceDocumentation         Ref `json:"service_documentation"`
	ShippingAddress              Str `json:"shipping_address"`
	ShippingCarrier              Str `json:"shipping_carrier"`
	ShippingDate                 Str `json:"shipping_date"`
	ShippingDocumentation        Ref `json:"shipping_documentation"`
	ShippingTrackingNumber       Str `json:"shipping_tracking_number"`
	UncategorizedFile            Ref `json:"uncategorized_file"`
	UncategorizedText            Str `json:"uncategorized_text"`
}

// EvidenceDetails is how far the merchant is with it.
type EvidenceDetails struct {
	DueBy           Time  `json:"due_by"`
	HasEvidence     bool  `json:"has_evidence"`
	PastDue         bool  `json:"past_due"`
	SubmissionCount int64 `json:"submission_count"`
}

// DisputedMethod is what was paid with.
type DisputedMethod struct {
	Card *DisputedCard `json:"card,omitempty"`
	Type string        `json:"type"`
}

// DisputedCard says what kind of a case it is, in the card network's terms.
type DisputedCard struct {
	Brand             string `json:"brand"`
	CaseType          string `json:"case_type"`
	NetworkReasonCode Str    `json:"network_reason_code"`
}
