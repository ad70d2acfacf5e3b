package engine

import (
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// NewToken makes a token of a card's number.
type NewToken struct {
	Card *TokenCardInput `form:"card,required"`
}

// TokenCardInput is a card as it is typed.
type TokenCardInput struct {
	AddressCity    string `form:"address_city"`
	AddressCountry string `form:"address_country"`
	AddressLine1   string `form:"address_line1"`
	AddressLine2   string `form:"address_line2"`
	AddressState   string `form:"address_state"`
	AddressZip     string `form:"address_zip"`
	CVC            string `form:"cvc"`
	ExpMonth       int64  `form:"exp_month,required"`
	ExpYear        int64  `form:"exp_year,required"`
	Name           string `form:"name"`
	Number         string `form:"number,required"`
}

// token is a token with what is kept of its card.
type token struct {
	shape.Token
	Details shape.Card           `json:"details"`
	Kept    card                 `json:"kept"`
	Billing shape.BillingDetails `json:"billing"`
}

// tokenBrands are the names of brands in tokens.
var tokenBrands = map[string]string{
	"visa": "Visa", "mastercard": "MasterCard", "amex": "American Express", "discover": "Discover", "diners": "Diners Club",
	"jcb": "JCB", "unionpay": "UnionPay",
}

// typedCard is a card that a request gives, checked but not yet made anything of.
type typedCard struct {
	details     *shape.Card
	kept        card
	month, year int64
	billing     shape.BillingDetails
	token       *token // to be used up
}

// CreateToken makes a token.
func (tx *Tx) CreateToken(in NewToken) (any, error) {
	c := in.Card
	typed, err := tx.typed(CardInput{CVC: c.CVC, ExpMonth: c.ExpMonth, ExpYear: c.ExpYear, Number: c.Number})
	if err != nil {
		return nil, err
	}
	d := typed.details
	billing := shape.BillingDetails{Name: shape.Str(c.Name), Address: shape.Address{
		City: shape.Str(c.AddressCity), Country: shape.Str(c.AddressCountry), Line1: shape.Str(c.AddressLine1),
		Line2: shape.Str(c.AddressLine2), PostalCode: shape.Str(c.AddressZip), State: shape.Str(c.AddressState),
	}}
	checks, a := typed.kept.Behaviour.checks(typed.kept.CVC, billing.Address), billing.Address
	t := &token{Details: *d, Kept: typed.kept, Billing: billing, Token: shape.Token{
		ID: tx.longID("tok"), Object: "token", Created: tx.now, Type: "card",
		Card: shape.TokenCard{
			ID: tx.longID("card"), Object: "card", AddressCity: a.City, AddressCountry: a.Country, AddressLine1: a.Line1,
			AddressLine1Check: checks.AddressLine1Check, AddressLine2: a.Line2, AddressState: a.State, AddressZip: a.PostalCode,
			AddressZipCheck: checks.AddressPostalCodeCheck, Brand: tokenBrands[d.Brand], Country: d.Country, CVCCheck: checks.CVCCheck,
			ExpMonth: typed.month, ExpYear: typed.year, Fingerprint: d.Fingerprint, Funding: d.Funding, Last4: d.Last4, Name: billing.Name,
		},
	}}
	tx.Tokens.add(t.ID, t)
	return t.Token, nil
}

// GetToken answers a token.
func (tx *Tx) GetToken(id string, _ NoInput) (any, error) {
	t := tx.Tokens.get(id)
	if t == nil {
		return nil, shape.NotFound("token", "token", id)
	}
	return t.Token, nil
}

// typed finds the card that a request gives, by its number, by a token made before, or by one of Stripe's for tests.
func (tx *Tx) typed(in CardInput) (typedCard, error) {
	if in.Number == "" && in.Token == "" {
		return typedCard{}, shape.Invalid("card[number]", "parameter_missing", "Missing required param: card[number].")
	}
	if t := tx.Tokens.get(in.Token); t != nil {
		if t.Used {
			return typedCard{}, shape.Invalid("", "token_already_used", "You cannot use a Stripe token more than once: %s.", t.ID)
		}
		return typedCard{clone(&t.Details), t.Kept, t.Card.ExpMonth, t.Card.ExpYear, t.Billing, t}, nil
	}
	if in.Token != "" {
		c, ok := tokenCard(in.Token)
		if !ok {
			return typedCard{}, shape.Missing("card[token]", "token", in.Token)
		}
		return typedCard{details: c.details(), kept: card{Behaviour: c.Does, CVC: true}}, nil
	}
	c, err := findCard(in.Number)
	if err != nil {
		return typedCard{}, err
	}
	if in.ExpYear > 0 && in.ExpYear < 100 {
		in.ExpYear += 2000
	}
	if err := tx.checkExpiry(in.ExpMonth, in.ExpYear); err != nil {
		return typedCard{}, err
	}
	if in.CVC != "" && !validCVC(c.Brand, in.CVC) {
		return typedCard{}, cardError("invalid_cvc", "cvc", "Your card's security code is invalid.")
	}
	return typedCard{details: c.details(), kept: card{Behaviour: c.Does, CVC: in.CVC != ""}, month: in.ExpMonth, year: in.ExpYear}, nil
}

// keep makes a payment method of a card, and uses its token up.
func (tx *Tx) keep(c typedCard) *shape.PaymentMethod {
	if c.token != nil {
		c.token.Used = true
	}
	pm := tx.keepMethod(c.details, c.kept, c.month, c.year)
	pm.BillingDetails = c.billing
	return pm
}

// checkExpiry refuses a card that is past its date.
func (tx *Tx) checkExpiry(month, year int64) error {
	if month < 1 || month > 12 {
		return cardError("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
	}
	if end := time.Date(int(year), time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC); end.Unix() <= tx.now {
		return cardError("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
	}
	return nil
}

// checkTyped is checkExpiry for what was typed on a page; the control URLs may leave the date out.
func (tx *Tx) checkTyped(d CardDetails) error {
	if d.ExpYear == 0 {
		return nil
	}
	return tx.checkExpiry(d.ExpMonth, d.ExpYear)
}

func validCVC(brand, cvc string) bool {
	for _, c := range cvc {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(cvc) == 3 || brand == "amex" && len(cvc) == 4
}
