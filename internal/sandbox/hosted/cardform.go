package hosted

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// cardForm is a form for a card, as it is shown again after a mistake: never with the number and the CVC.
type cardForm struct {
	Exp, Name  string
	Email      string
	EmailKnown bool // shown, and not to be changed
	WithEmail  bool
	NoCard     bool // nothing is to be paid, so no card is asked for
	Button     string
	Problem    problem
	TestCards  []engine.TestCard
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
	return d, f
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
