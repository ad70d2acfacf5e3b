package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// behaviour is what a test card does when it is charged; the empty one pays.
type behaviour string

const (
	pays          behaviour = ""
	declines      behaviour = "generic_decline"
	noFunds       behaviour = "insufficient_funds"
	lost          behaviour = "lost_card"
	stolen        behaviour = "stolen_card"
	expired       behaviour = "expired_card"
	wrongCVC      behaviour = "incorrect_cvc"
	bankError     behaviour = "processing_error"
	failsLater    behaviour = "fails_later"    // pays when the buyer is present, declines every charge after
	asksOnce      behaviour = "asks_once"      // 3-D Secure when the buyer is present
	asksEveryTime behaviour = "asks_each_time" // 3-D Secure on every payment, so none works without the buyer
)

// card is what is kept of a card beside what Stripe tells of it. Its number is never kept.
type card struct {
	Behaviour behaviour `json:"behaviour"`
}

// TestCard is one of Stripe's published test cards.
type TestCard struct {
	Number string
	Brand  string
	Does   behaviour
	Label  string   // for people
	Tokens []string // Stripe's names for it: pm_card_… and tok_…
}

// TestCards are the cards the sandbox knows, as published on Stripe's page about testing.
var TestCards = []TestCard{
	{"4242424242424242", "visa", pays, "Pays", []string{"visa"}},
	{"5555555555554444", "mastercard", pays, "Pays", []string{"mastercard"}},
	{"378282246310005", "amex", pays, "Pays", []string{"amex"}},
	{"4000056655665556", "visa", pays, "Pays (debit)", []string{"visa_debit"}},
	{"6011111111111117", "discover", pays, "Pays", []string{"discover"}},
	{"4000000000000002", "visa", declines, "Declined", []string{"visa_chargeDeclined", "chargeDeclined"}},
	{"4000000000009995", "visa", noFunds, "Insufficient funds", []string{"visa_chargeDeclinedInsufficientFunds", "chargeDeclinedInsufficientFunds"}},
	{"4000000000009987", "visa", lost, "Lost card", []string{"visa_chargeDeclinedLostCard", "chargeDeclinedLostCard"}},
	{"4000000000009979", "visa", stolen, "Stolen card", []string{"visa_chargeDeclinedStolenCard", "chargeDeclinedStolenCard"}},
	{"4000000000000069", "visa", expired, "Expired card", []string{"chargeDeclinedExpiredCard"}},
	{"4000000000000127", "visa", wrongCVC, "Incorrect CVC", []string{"chargeDeclinedIncorrectCvc"}},
	{"4000000000000119", "visa", bankError, "Processing error", []string{"chargeDeclinedProcessingError"}},
	{"4000000000000341", "visa", failsLater, "Pays now, fails at renewal", []string{"chargeCustomerFail"}},
	{"4000000000003220", "visa", asksOnce, "3-D Secure", []string{"threeDSecure2Required", "threeDSecureRequired"}},
	{"4000002760003184", "visa", asksEveryTime, "3-D Secure each time", []string{"authenticationRequired"}},
}

// CardDetails are what somebody typed on a page.
type CardDetails struct {
	Number   string // spaces and dashes allowed
	ExpMonth int64
	ExpYear  int64
	Name     string
	Email    string
}

func testCard(number string) (TestCard, bool) {
	number = strings.NewReplacer(" ", "", "-", "").Replace(number)
	for _, c := range TestCards {
		if c.Number == number {
			return c, true
		}
	}
	return TestCard{}, false
}

// tokenCard finds the card behind pm_card_visa, tok_visa and kin.
func tokenCard(token string) (TestCard, bool) {
	name, ok := strings.CutPrefix(token, "pm_card_")
	if !ok {
		name, ok = strings.CutPrefix(token, "tok_")
	}
	for _, c := range TestCards {
		for _, t := range c.Tokens {
			if ok && t == name {
				return c, true
			}
		}
	}
	return TestCard{}, false
}

// fingerprint is the same for the same card, and tells nothing of its number.
func (c TestCard) fingerprint() string {
	sum := sha256.Sum256([]byte("sandbox card " + c.Number))
	return hex.EncodeToString(sum[:8])
}

// refusal is the bank's answer to a card that does not pay; nil when it pays.
// present says that the buyer is there, proven that 3-D Secure was passed.
func (b behaviour) refusal(present, proven bool) *shape.Error {
	switch b {
	case pays:
		return nil
	case failsLater:
		if present {
			return nil
		}
		return declined(declines)
	case asksOnce:
		return nil
	case asksEveryTime:
		if proven {
			return nil
		}
		return &shape.Error{
			Status: http.StatusPaymentRequired, Type: "card_error", Code: "authentication_required", DeclineCode: "authentication_required",
			Message: "Your card was declined. This transaction requires authentication.",
		}
	}
	return declined(b)
}

// asks reports whether 3-D Secure stands before a payment with the buyer present.
func (b behaviour) asks() bool { return b == asksOnce || b == asksEveryTime }

// declined is Stripe's error for a card its bank refuses.
func declined(b behaviour) *shape.Error {
	e := &shape.Error{
		Status: http.StatusPaymentRequired, Type: "card_error", Code: "card_declined", DeclineCode: string(b),
		Message: "Your card was declined.",
	}
	switch b {
	case noFunds:
		e.Message = "Your card has insufficient funds."
	case expired:
		e.Code, e.Param, e.Message = "expired_card", "exp_month", "Your card has expired."
	case wrongCVC:
		e.Code, e.Param, e.Message = "incorrect_cvc", "cvc", "Your card's security code is incorrect."
	case bankError:
		e.Code, e.Message = "processing_error", "An error occurred while processing your card. Try again in a little bit."
	}
	e.DocURL = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(e.Code, "_", "-")
	return e
}

// unknownCard is for numbers that are no test card. Real ones must not be typed here.
func unknownCard() *shape.Error {
	return &shape.Error{
		Status: http.StatusPaymentRequired, Type: "card_error", Code: "card_declined", DeclineCode: "test_mode_live_card", Param: "number",
		Message: "This is a sandbox: only test card numbers work here, such as 4242 4242 4242 4242.",
	}
}
