package shape

// Charge is one attempt to move money, and what came of it.
type Charge struct {
	ID                            string         `json:"id"`
	Object                        string         `json:"object"`
	Amount                        int64          `json:"amount"`
	AmountCaptured                int64          `json:"amount_captured"`
	AmountRefunded                int64          `json:"amount_refunded"`
	Application                   Null           `json:"application"`
	ApplicationFee                Ref            `json:"application_fee"`
	ApplicationFeeAmount          Null           `json:"application_fee_amount"`
	BalanceTransaction            Ref            `json:"balance_transaction"`
	BillingDetails                BillingDetails `json:"billing_details"`
	CalculatedStatementDescriptor Str            `json:"calculated_statement_descriptor"`
	Captured                      bool           `json:"captured"`
	Created                       int64          `json:"created"`
	Currency                      string         `json:"currency"`
	Customer                      Ref            `json:"customer"`
	Description                   Str            `json:"description"`
	Destination                   Null           `json:"destination"`
	Dispute                       Ref            `json:"dispute"`
	Disputed                      bool           `json:"disputed"`
	FailureBalanceTransaction     Ref            `json:"failure_balance_transaction"`
	FailureCode                   Str            `json:"failure_code"`
	FailureMessage                Str            `json:"failure_message"`
	FraudDetails                  struct{}       `json:"fraud_details"`
	Invoice                       Ref            `json:"invoice"`
	Livemode                      bool           `json:"livemode"`
	Metadata                      Metadata       `json:"metadata"`
	OnBehalfOf                    Null           `json:"on_behalf_of"`
	Order                         Null           `json:"order"`
	Outcome                       *Outcome       `json:"outcome"`
	Paid                          bool           `json:"paid"`
	PaymentIntent                 Ref            `json:"payment_intent"`
	PaymentMethod                 Str            `json:"payment_method"`
	PaymentMethodDetails          MethodDetails  `json:"payment_method_details"`
	RadarOptions                  struct{}       `json:"radar_options"`
	ReceiptEmail                  Str            `json:"receipt_email"`
	ReceiptNumber                 Str            `json:"receipt_number"`
	ReceiptURL                    Str            `json:"receipt_url"`
	Refunded                      bool           `json:"refunded"`
	Review                        Ref            `json:"review"`
	Shipping                      Null           `json:"shipping"`
	Source                        Null           `json:"source"`
	SourceTransfer                Ref            `json:"source_transfer"`
	StatementDescriptor           Str            `json:"statement_descriptor"`
	StatementDescriptorSuffix     Str            `json:"statement_descriptor_suffix"`
	Status                        string         `json:"status"`
	TransferData                  Null           `json:"transfer_data"`
	TransferGroup                 Str            `json:"transfer_group"`
}

// Outcome is how the card's bank answered.
type Outcome struct {
	NetworkStatus string `json:"network_status"`
	Reason        Str    `json:"reason"`
	RiskLevel     string `json:"risk_level"`
	RiskScore     int64  `json:"risk_score"`
	SellerMessage string `json:"seller_message"`
	Type          string `json:"type"`
}

// MethodDetails is the payment method as it was when charged.
type MethodDetails struct {
	Card          *ChargedCard `json:"card,omitempty"`
	Type          string       `json:"type"`
	USBankAccount *DebitedBank `json:"us_bank_account,omitempty"`
}

// ChargedCard is the card as it was when charged.
type ChargedCard struct {
	AmountAuthorized int64         `json:"amount_authorized"`
	Brand            string        `json:"brand"`
	Checks           CardChecks    `json:"checks"`
	Country          string        `json:"country"`
	ExpMonth         int64         `json:"exp_month"`
	ExpYear          int64         `json:"exp_year"`
	Fingerprint      string        `json:"fingerprint"`
	Funding          string        `json:"funding"`
	Installments     Null          `json:"installments"`
	Last4            string        `json:"last4"`
	Mandate          Null          `json:"mandate"`
	Network          string        `json:"network"`
	NetworkToken     NetworkToken  `json:"network_token"`
	ThreeDSecure     *ThreeDSecure `json:"three_d_secure"`
	Wallet           Null          `json:"wallet"`
}

// DebitedBank is the bank account as it was when debited.
type DebitedBank struct {
	AccountHolderType string `json:"account_holder_type"`
	AccountType       string `json:"account_type"`
	BankName          string `json:"bank_name"`
	Fingerprint       string `json:"fingerprint"`
	Last4             string `json:"last4"`
	PaymentReference  Null   `json:"payment_reference"`
	RoutingNumber     string `json:"routing_number"`
}

// NetworkToken says whether the number was replaced by a token of the card network.
type NetworkToken struct {
	Used bool `json:"used"`
}

// ThreeDSecure is how the buyer was asked to prove who they are.
type ThreeDSecure struct {
	AuthenticationFlow string `json:"authentication_flow"`
	ECI                Null   `json:"electronic_commerce_indicator"`
	ExemptionIndicator Null   `json:"exemption_indicator"`
	Result             string `json:"result"`
	ResultReason       Str    `json:"result_reason"`
	TransactionID      Null   `json:"transaction_id"`
	Version            string `json:"version"`
}

// CardChecks are the bank's answers about what was typed.
type CardChecks struct {
	AddressLine1Check      Str `json:"address_line1_check"`
	AddressPostalCodeCheck Str `json:"address_postal_code_check"`
	CVCCheck               Str `json:"cvc_check"`
}

// Refund is money given back on a charge.
type Refund struct {
	ID                     string             `json:"id"`
	Object                 string             `json:"object"`
	Amount                 int64              `json:"amount"`
	BalanceTransaction     Ref                `json:"balance_transaction"`
	Charge                 Ref                `json:"charge"`
	Created                int64              `json:"created"`
	Currency               string             `json:"currency"`
	DestinationDetails     DestinationDetails `json:"destination_details"`
	FailureBalance         Ref                `json:"failure_balance_transaction,omitempty"`
	FailureReason          string             `json:"failure_reason,omitempty"`
	Metadata               Metadata           `json:"metadata"`
	PaymentIntent          Ref                `json:"payment_intent"`
	Reason                 Str                `json:"reason"`
	ReceiptNumber          Str                `json:"receipt_number"`
	SourceTransferReversal Ref                `json:"source_transfer_reversal"`
	Status                 string             `json:"status"`
	TransferReversal       Ref                `json:"transfer_reversal"`
}

// DestinationDetails says where a refund went.
type DestinationDetails struct {
	Card *RefundedCard `json:"card,omitempty"`
	Type string        `json:"type"`
}

// RefundedCard is the state of a refund to a card.
type RefundedCard struct {
	ReferenceStatus string `json:"reference_status"`
	ReferenceType   string `json:"reference_type"`
	Type            string `json:"type"`
}

// BalanceTransaction is one movement on the merchant's balance.
type BalanceTransaction struct {
	ID                string     `json:"id"`
	Object            string     `json:"object"`
	Amount            int64      `json:"amount"`
	AvailableOn       int64      `json:"available_on"`
	Created           int64      `json:"created"`
	Currency          string     `json:"currency"`
	Description       Str        `json:"description"`
	ExchangeRate      Null       `json:"exchange_rate"`
	Fee               int64      `json:"fee"`
	FeeDetails        Array[Fee] `json:"fee_details"`
	Net               int64      `json:"net"`
	ReportingCategory string     `json:"reporting_category"`
	Source            Ref        `json:"source"`
	Status            string     `json:"status"`
	Type              string     `json:"type"`
}

// Fee is what Stripe keeps of a charge.
type Fee struct {
	Amount      int64  `json:"amount"`
	Application Null   `json:"application"`
	Currency    string `json:"currency"`
	Description string `json:"description"`
	Type        string `json:"type"`
}

// Balance is what the merchant has, per currency.
type Balance struct {
	Object    string               `json:"object"`
	Available Array[BalanceAmount] `json:"available"`
	Livemode  bool                 `json:"livemode"`
	Pending   Array[BalanceAmount] `json:"pending"`
}

// BalanceAmount is a sum in one currency, in minor units, and what it came from.
type BalanceAmount struct {
	Amount      int64          `json:"amount"`
	Currency    string         `json:"currency"`
	SourceTypes BalanceSources `json:"source_types"`
}

// BalanceSources are the parts of a sum by how it was paid.
type BalanceSources struct {
	Card int64 `json:"card"`
}
