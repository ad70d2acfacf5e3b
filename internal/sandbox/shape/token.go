package shape

// Token stands for a card that was typed somewhere else; it can be used once.
type Token struct {
	ID       string    `json:"id"`
	Object   string    `json:"object"`
	Card     TokenCard `json:"card"`
	ClientIP Null      `json:"client_ip"`
	Created  int64     `json:"created"`
	Livemode bool      `json:"livemode"`
	Type     string    `json:"type"`
	Used     bool      `json:"used"`
}

// TokenCard is the card of a token, in the older shape that Stripe keeps for tokens.
type TokenCard struct {
	ID                 string        `json:"id"`
	Object             string        `json:"object"`
	AddressCity        Str           `json:"address_city"`
	AddressCountry     Str           `json:"address_country"`
	AddressLine1       Str           `json:"address_line1"`
	AddressLine1Check  Str           `json:"address_line1_check"`
	AddressLine2       Str           `json:"address_line2"`
	AddressState       Str           `json:"address_state"`
	AddressZip         Str           `json:"address_zip"`
	AddressZipCheck    Str           `json:"address_zip_check"`
	Brand              string        `json:"brand"`
	Country            string        `json:"country"`
	CVCCheck           Str           `json:"cvc_check"`
	DynamicLast4       Str           `json:"dynamic_last4"`
	ExpMonth           int64         `json:"exp_month"`
	ExpYear            int64         `json:"exp_year"`
	Fingerprint        string        `json:"fingerprint"`
	Funding            string        `json:"funding"`
	Last4              string        `json:"last4"`
	Metadata           Metadata      `json:"metadata"`
	Name               Str           `json:"name"`
	Networks           TokenNetworks `json:"networks"`
	TokenizationMethod Str           `json:"tokenization_method"`
}

// TokenNetworks says which network a card prefers; none here.
type TokenNetworks struct {
	Preferred Null `json:"preferred"`
}
