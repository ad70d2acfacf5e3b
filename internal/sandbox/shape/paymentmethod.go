package shape

// PaymentMethod is a card, or a bank account, that somebody may pay with.
type PaymentMethod struct {
	ID             string         `json:"id"`
	Object         string         `json:"object"`
	AllowRedisplay string         `json:"allow_redisplay"`
	BillingDetails BillingDetails `json:"billing_details"`
	Card           *Card          `json:"card,omitempty"`
	Created        int64          `json:"created"`
	Customer       Ref            `json:"customer"`
	Livemode       bool           `json:"livemode"`
	Metadata       Metadata       `json:"metadata"`
	RadarOptions   struct{}       `json:"radar_options"`
	Type           string         `json:"type"`
	USBankAccount  *BankAccount   `json:"us_bank_account,omitempty"`
}

// BankAccount is an account that is debited; the money comes days later, or not.
type BankAccount struct {
	AccountHolderType           string        `json:"account_holder_type"`
	AccountType                 string        `json:"account_type"`
	BankName                    string        `json:"bank_name"`
	FinancialConnectionsAccount Null          `json:"financial_connections_account"`
	Fingerprint                 string        `json:"fingerprint"`
	Last4                       string        `json:"last4"`
	Networks                    *BankNetworks `json:"networks"`
	RoutingNumber               string        `json:"routing_number"`
	StatusDetails               Null          `json:"status_details"`
}

// BankNetworks are the ways an account can be debited.
type BankNetworks struct {
	Preferred string        `json:"preferred"`
	Supported Array[string] `json:"supported"`
}

// Card is what may be known of a card: never its number.
type Card struct {
	Brand             string            `json:"brand"`
	Checks            CardChecks        `json:"checks"`
	Country           string            `json:"country"`
	DisplayBrand      string            `json:"display_brand"`
	ExpMonth          int64             `json:"exp_month"`
	ExpYear           int64             `json:"exp_year"`
	Fingerprint       string            `json:"fingerprint"`
	Funding           string            `json:"funding"`
	GeneratedFrom     Null              `json:"generated_from"`
	Last4             string            `json:"last4"`
	Networks          CardNetworks      `json:"networks"`
	ThreeDSecureUsage ThreeDSecureUsage `json:"three_d_secure_usage"`
	Wallet            Null              `json:"wallet"`
}

// CardNetworks are the networks a card can be charged on.
type CardNetworks struct {
	Available Array[string] `json:"available"`
	Preferred Null          `json:"preferred"`
}

// ThreeDSecureUsage says whether the card can be asked for 3-D Secure.
type ThreeDSecureUsage struct {
	Supported bool `json:"supported"`
}
