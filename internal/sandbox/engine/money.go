package engine

import (
	"fmt"
	"strings"
)

// Currencies that have no minor unit, from Stripe's documentation.
const zeroDecimal = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"

// Money writes minor units for people: $5.00, €5.00, ¥500, 5.00 CHF.
func Money(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	digits := fmt.Sprintf("%s.%02d", thousands(amount/100), amount%100)
	if strings.Contains(zeroDecimal, currency) {
		digits = thousands(amount)
	}
	symbols := map[string]string{"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
	if s, ok := symbols[currency]; ok {
		return sign + s + digits
	}
	return sign + digits + " " + strings.ToUpper(currency)
}

func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// minimumCharge is the least that can be charged in a currency, in minor units, from Stripe's documentation.
var minimumCharge = map[string]int64{
	"usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30,
	"hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200,
	"sek": 300, "sgd": 50, "thb": 1000,
}
