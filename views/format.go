package views

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/payloop/payloop/internal/billing"
)

var printer = message.NewPrinter(language.AmericanEnglish)

// Number writes 1050 as 1,050.
func Number(n int64) string { return printer.Sprint(number.Decimal(n)) }

// Money writes an amount with its currency's symbol and number of decimals:
// $5.00, ¥500, CA$5.00; a currency without a symbol has its code: KWD 5.000.
func Money(m billing.Money) string {
	unit, err := currency.ParseISO(m.Currency)
	if err != nil {
		return Number(m.Amount) + " " + strings.ToUpper(m.Currency)
	}
	decimals, _ := currency.Standard.Rounding(unit)
	decimals = stripeDecimals(m.Currency, decimals)
	value, sign := m.Amount, ""
	if value < 0 {
		value, sign = -value, "−"
	}
	divisor := int64(1)
	for range decimals {
		divisor *= 10
	}
	out := Number(value / divisor)
	if decimals > 0 {
		out += fmt.Sprintf(".%0*d", decimals, value%divisor)
	}
	symbol := printer.Sprint(currency.Symbol(unit))
	if symbol == unit.String() {
		return sign + symbol + "\u00a0" + out // no line break between the two
	}
	return sign + symbol + out
}

// stripeDecimals corrects the currencies that Stripe counts otherwise than
// CLDR: https://docs.stripe.com/currencies#zero-decimal and #three-decimal
func stripeDecimals(code string, decimals int) int {
	switch strings.ToLower(code) {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf":
		return 0
	case "bhd", "jod", "kwd", "omr", "tnd":
		return 3
	}
	return max(decimals, 2)
}

// Date writes a day as people read it, in UTC.
func Date(t time.Time) string { return t.UTC().Format("2 January 2006") }

// isoDate is for the datetime attribute.
func isoDate(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// signed writes +50 or −20.
func signed(n int64) string {
	if n < 0 {
		return "−" + Number(-n)
	}
	return "+" + Number(n)
}

// per writes an interval after an amount.
func per(i billing.Interval) string {
	switch i {
	case billing.Month:
		return "a month"
	case billing.Year:
		return "a year"
	}
	return "once"
}

// priceText writes "$5.00 a month".
func priceText(p billing.Price) string { return Money(p.Money) + " " + per(p.Interval) }

// requestsText writes "60 requests a minute".
func requestsText(p billing.Plan) string {
	if p.RequestsPerMinute == 1 {
		return "1 request a minute"
	}
	return Number(p.RequestsPerMinute) + " requests a minute"
}

// creditsText writes "50 credits a week".
func creditsText(p billing.Plan) string {
	return Number(p.Credits) + " credits a " + string(p.Every)
}
