package shape

// Account is the merchant.
type Account struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	BusinessProfile  AccountProfile    `json:"business_profile"`
	BusinessType     Null              `json:"business_type"`
	Capabilities     map[string]string `json:"capabilities"`
	ChargesEnabled   bool              `json:"charges_enabled"`
	Controller       Issuer            `json:"controller"`
	Country          string            `json:"country"`
	Created          int64             `json:"created"`
	DefaultCurrency  string            `json:"default_currency"`
	DetailsSubmitted bool              `json:"details_submitted"`
	Email            Str               `json:"email"`
	ExternalAccounts List[string]      `json:"external_accounts"`
	Metadata         Metadata          `json:"metadata"`
	PayoutsEnabled   bool              `json:"payouts_enabled"`
	Settings         AccountSettings   `json:"settings"`
	Type             string            `json:"type"`
}

// AccountProfile is what the public sees of the merchant.
type AccountProfile struct {
	MCC                Null `json:"mcc"`
	Name               Str  `json:"name"`
	ProductDescription Null `json:"product_description"`
	SupportAddress     Null `json:"support_address"`
	SupportEmail       Null `json:"support_email"`
	SupportPhone       Null `json:"support_phone"`
	SupportURL         Null `json:"support_url"`
	URL                Null `json:"url"`
}

// AccountSettings are the parts of the merchant's settings that Stripe always sends.
type AccountSettings struct {
	Branding     AccountBranding     `json:"branding"`
	CardPayments AccountCardPayments `json:"card_payments"`
	Dashboard    AccountDashboard    `json:"dashboard"`
	Payments     AccountPayments     `json:"payments"`
}

// AccountBranding is the merchant's look.
type AccountBranding struct {
	Icon           Ref  `json:"icon"`
	Logo           Ref  `json:"logo"`
	PrimaryColor   Null `json:"primary_color"`
	SecondaryColor Null `json:"secondary_color"`
}

// AccountCardPayments is what card statements begin with.
type AccountCardPayments struct {
	StatementDescriptorPrefix      Null `json:"statement_descriptor_prefix"`
	StatementDescriptorPrefixKana  Null `json:"statement_descriptor_prefix_kana"`
	StatementDescriptorPrefixKanji Null `json:"statement_descriptor_prefix_kanji"`
}

// AccountDashboard is how the merchant's dashboard is set.
type AccountDashboard struct {
	DisplayName Str    `json:"display_name"`
	Timezone    string `json:"timezone"`
}

// AccountPayments is what statements say.
type AccountPayments struct {
	StatementDescriptor      Str  `json:"statement_descriptor"`
	StatementDescriptorKana  Null `json:"statement_descriptor_kana"`
	StatementDescriptorKanji Null `json:"statement_descriptor_kanji"`
}
