package hosted

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// cardForm is a form for a card, as it is shown again after a mistake: never with the number and the CVC.
type cardForm struct {
	Exp, Name                               string
	Email                                   string
	EmailKnown                              bool // shown, and not to be changed
	WithEmail                               bool
	NoCard                                  bool // nothing is to be paid, so no card is asked for
	Button                                  string
	WithPhone, WithAddress                  bool
	Phone, Line1, City, PostalCode, Country string
	Problem                                 problem
	TestCards                               []engine.TestCard
}

// readCard reads the form; the problem is empty when it is complete.
func readCard(r *http.Request, withEmail bool) (engine.CardDetails, cardForm) {
	f := cardForm{
		Exp: strings.TrimSpace(r.PostFormValue("exp")), Name: strings.TrimSpace(r.PostFormValue("name")),
		Email: strings.TrimSpace(r.PostFormValue("email")), WithEmail: withEmail,
	}
	d := engine.CardDetails{Number: r.PostFormValue("card"), Name: f.Name, Email: f.Email}
	cvc := strings.TrimSpace(r.PostFormValue("cvc"))
	month, year, ok := parseExpiry(f.Exp)
	d.ExpMonth, d.ExpYear = month, year
	switch {
	case withEmail && !strings.Contains(f.Email, "@"):
		f.Problem = problem{"email", "Enter your e-mail address."}
	case strings.TrimSpace(d.Number) == "":
		f.Problem = problem{"card", "Enter a card number."}
	case !ok:
		f.Problem = problem{"exp", "Enter the expiry date as month and year, such as 12 / 34."}
	case len(cvc) < 3 || len(cvc) > 4 || !digits(cvc):
		f.Problem = problem{"cvc", "Enter the 3 or 4 digits of the security code."}
	}
	return d, f
}

// readBuyer reads the form of a Checkout page, which needs no card when nothing is to be paid.
func readBuyer(r *http.Request, v engine.CheckoutView) (engine.CardDetails, cardForm) {
	d, f := readCard(r, v.Email == "")
	if !v.NeedsCard && f.Problem.Field != "email" {
		f.Problem = problem{}
	}
	f.WithPhone = v.Session.PhoneNumberCollection.Enabled
	f.WithAddress = v.Session.BillingAddressCollection == "required"
	field := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	f.Phone, f.Line1, f.City, f.PostalCode, f.Country = field("phone"), field("line1"), field("city"), field("postal_code"), strings.ToUpper(field("country"))
	if f.Problem.Message == "" {
		f.Problem = f.missing()
	}
	if f.WithPhone {
		d.Phone = f.Phone
	}
	if f.WithAddress {
		d.Address = &shape.Address{
			Line1: shape.Str(f.Line1), City: shape.Str(f.City), PostalCode: shape.Str(f.PostalCode), Country: shape.Str(f.Country),
		}
	}
	return d, f
}

// missing is what the page asks for and was not given.
func (f cardForm) missing() problem {
	switch {
	case f.WithPhone && len(f.Phone) < 5:
		return problem{"phone", "Enter your phone number."}
	case f.WithAddress && f.Line1 == "":
		return problem{"line1", "Enter your street and number."}
	case f.WithAddress && f.City == "":
		return problem{"city", "Enter your town or city."}
	case f.WithAddress && len(f.Country) != 2:
		return problem{"country", "Enter your country as two letters, such as US or DE."}
	}
	return problem{}
}

// parseExpiry reads 12/34, 12 / 2034 and 1234.
func parseExpiry(s string) (month, year int64, ok bool) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "-", "/")
	m, y, found := strings.Cut(s, "/")
	if !found && len(s) == 4 {
		m, y = s[:2], s[2:]
	}
	if !digits(m) || !digits(y) || len(m) > 2 || len(y) != 2 && len(y) != 4 {
		return 0, 0, false
	}
	month, _ = strconv.ParseInt(m, 10, 64)
	year, _ = strconv.ParseInt(y, 10, 64)
	if year < 100 {
		year += 2000
	}
	return month, year, month >= 1 && month <= 12
}

func digits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}
