package catalog

import (
	"fmt"
	"strconv"

	"github.com/payloop/payloop/internal/billing"
)

// minorDigits are the digits after the point of currencies that have not two:
// https://docs.stripe.com/currencies#zero-decimal
var minorDigits = map[string]int{
	"bif": 0, "clp": 0, "djf": 0, "gnf": 0, "jpy": 0, "kmf": 0, "krw": 0, "mga": 0, "pyg": 0, "rwf": 0, "vnd": 0,
	"vuv": 0, "xaf": 0, "xof": 0, "xpf": 0,
	"bhd": 3, "jod": 3, "kwd": 3, "omr": 3, "tnd": 3,
}

// money writes an amount for operators, e.g. "5.00 usd". Pages for customers
// format by their language instead.
func money(m billing.Money) string {
	digits, special := minorDigits[m.Currency]
	if !special {
		digits = 2
	}
	if digits == 0 {
		return fmt.Sprintf("%d %s", m.Amount, m.Currency)
	}
	s := fmt.Sprintf("%0*s", digits+1, strconv.FormatInt(m.Amount, 10))
	return fmt.Sprintf("%s.%s %s", s[:len(s)-digits], s[len(s)-digits:], m.Currency)
}

// describe says what is paid how often, e.g. "5.00 usd a month".
func describe(m billing.Money, i billing.Interval) string {
	switch i {
	case billing.Month, billing.Year:
		return money(m) + " a " + string(i)
	case billing.Once:
		return money(m) + " once"
	}
	return fmt.Sprintf("%s (%s)", money(m), i)
}
