package views

import (
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		amount   int64
		currency string
		want     string
	}{
		{500, "usd", "$5.00"},
		{0, "usd", "$0.00"},
		{5, "usd", "$0.05"},
		{123456789, "usd", "$1,234,567.89"},
		{-500, "usd", "−$5.00"},
		{500, "eur", "€5.00"},
		{500, "gbp", "£5.00"},
		{500, "USD", "$5.00"},
		{500, "cad", "CA$5.00"}, // not the dollar that people think of first
		{500, "chf", "CHF\u00a05.00"},
		{500, "jpy", "¥500"},
		{1500, "krw", "₩1,500"},
		{5000, "kwd", "KWD\u00a05.000"},
		{500, "huf", "HUF\u00a05.00"}, // CLDR has no decimals, Stripe counts two
		{500, "isk", "ISK\u00a05.00"},
		{500, "clp", "CLP\u00a0500"},
		{500, "nonsense", "500 NONSENSE"},
	} {
		if got := Money(billing.Money{Amount: tt.amount, Currency: tt.currency}); got != tt.want {
			t.Errorf("%d %s: got %q, want %q", tt.amount, tt.currency, got, tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 50: "50", 1050: "1,050", 101050: "101,050"} {
		if got := Number(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := signed(-1050) + " " + signed(50); got != "−1,050 +50" {
		t.Errorf("signed: got %s", got)
	}
}

func TestDateIsTheDayInUTC(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, time.December, 21, 23, 30, 0, 0, time.FixedZone("west", -5*3600))
	if got := Date(late); got != "22 December 2026" {
		t.Errorf("got %s", got)
	}
	if got := isoDate(late); got != "2026-12-22" {
		t.Errorf("got %s", got)
	}
}
