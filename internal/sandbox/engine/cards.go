package engine

import (
	"net/http"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// behaviour is what a test card does when it is charged; the empty one pays.
type behaviour string

const (
	pays      behaviour = ""
	declines  behaviour = "generic_decline"
	noFunds   behaviour = "insufficient_funds"
	lost      behaviour = "lost_card"
	stolen    behaviour = "stolen_card"
	expired   behaviour = "expired_card"
	wrongCVC  behaviour = "incorrect_cvc"
	bankError behaviour = "processing_error"
	tooOften  behaviour = "card_velocity_exceeded"

	// failsLater can be attached, and declines every charge. On Stripe that holds for a first charge on Checkout, too; here the
	// hosted pages take it as long as the buyer is present, so that there is a card that pays now and fails at renewal.
	failsLater behaviour = "fails_later"

	blocked          behaviour = "highest_risk_level"
	elevatedRisk     behaviour = "elevated_risk_level"
	cvcFails         behaviour = "cvc_fails" // if one is given, as with the next
	cvcFailsElevated behaviour = "cvc_fails_elevated_risk"
	zipFails         behaviour = "zip_fails"
	zipFailsElevated behaviour = "zip_fails_elevated_risk"
	line1Fails       behaviour = "line1_fails"
	addressFails     behaviour = "address_fails"
	addressUnchecked behaviour = "address_unchecked"

	asksOnce         behaviour = "asks_once"          // 3-D Secure when the buyer is present
	asksUnlessSetUp  behaviour = "asks_unless_set_up" // 3-D Secure without the buyer, too, until saved for later with it
	asksEveryTime    behaviour = "asks_each_time"     // 3-D Secure on every payment, so none works without the buyer
	asksThenNoFunds  behaviour = "asks_then_insufficient_funds"
	asksThenDeclines behaviour = "asks_then_declines"
	lookupFails      behaviour = "lookup_fails" // 3-D Secure is needed and cannot be had
	mayAsk           behaviour = "may_ask"      // 3-D Secure only if the merchant wants it
	mayFail          behaviour = "may_fail"     // the same, and then it cannot be had

	disputedFraud   behaviour = "disputed_fraudulent"
	disputedMissing behaviour = "disputed_product_not_received"
	disputedInquiry behaviour = "disputed_inquiry"
	refundsLater    behaviour = "refunds_later"
	refundsFail     behaviour = "refunds_fail"
	paysAtOnce      behaviour = "pays_at_once" // the money is available without a wait
)

// card is what is kept of a card beside what Stripe tells of it. Its number is never kept.
type card struct {
	Behaviour behaviour `json:"behaviour"`
	CVC       bool      `json:"cvc,omitempty"`    // one was given
	SetUp     bool      `json:"set_up,omitempty"` // saved for payments without the buyer, with 3-D Secure
	Spent     bool      `json:"spent,omitempty"`  // used without a customer, or detached: it cannot be used again
}

// CardDetails are what somebody typed on a page.
type CardDetails struct {
	Number   string // spaces and dashes allowed
	ExpMonth int64
	ExpYear  int64
	Name     string
	Email    string
	Phone    string
	Address  *shape.Address // where bills go
}

// behaviourOf is what a payment method does now.
func (tx *Tx) behaviourOf(methodID string) behaviour {
	c := tx.Cards.get(methodID)
	switch {
	case c == nil:
		return pays
	case c.SetUp && c.Behaviour == asksUnlessSetUp:
		return asksOnce
	case !c.CVC && c.Behaviour == cvcFails:
		return pays
	case !c.CVC && c.Behaviour == cvcFailsElevated:
		return elevatedRisk
	}
	return c.Behaviour
}

// refusal is the bank's answer to a card that does not pay; nil when it pays.
// present says that the buyer is there, proven that 3-D Secure was passed.
func (b behaviour) refusal(present, proven bool) *shape.Error {
	switch b {
	case failsLater:
		if !present {
			return declined(declines)
		}
	case asksEveryTime, asksUnlessSetUp:
		if !proven {
			return authenticationRequired()
		}
	case asksThenNoFunds:
		return declined(noFunds)
	case asksThenDeclines, lookupFails:
		return declined(declines)
	case blocked:
		e := declined(declines)
		e.DeclineCode = "fraudulent"
		return e
	}
	return b.unsavable()
}

// unsavable is the bank's answer when the card is to be kept for later; nil when it can be.
func (b behaviour) unsavable() *shape.Error {
	switch b {
	case declines, noFunds, lost, stolen, expired, wrongCVC, bankError, tooOften:
		return declined(b)
	case cvcFails, cvcFailsElevated:
		return declined(wrongCVC)
	}
	return nil
}

// asks reports whether 3-D Secure stands before a payment with the buyer present.
func (b behaviour) asks() bool {
	switch b {
	case asksOnce, asksUnlessSetUp, asksEveryTime, asksThenNoFunds, asksThenDeclines:
		return true
	}
	return false
}

// onRequest is how the card takes it that the merchant asks for 3-D Secure, which its bank does not need.
func (b behaviour) onRequest() behaviour {
	switch b {
	case mayAsk:
		return asksOnce
	case mayFail:
		return lookupFails
	}
	return b
}

// risk is how Stripe rates a payment with the card.
func (b behaviour) risk() (level string, score int64) {
	switch b {
	case blocked:
		return "highest", 90
	case elevatedRisk, cvcFailsElevated, zipFailsElevated:
		return "elevated", 70
	}
	return "normal", 20
}

// checks are the bank's answers about what was typed beside the number.
func (b behaviour) checks(cvc bool, a shape.Address) shape.CardChecks {
	var out shape.CardChecks
	answer := func(given bool, field *shape.Str, failing ...behaviour) {
		if !given {
			return
		}
		*field = "pass"
		for _, f := range failing {
			if b == f {
				*field = "fail"
			}
		}
	}
	answer(cvc, &out.CVCCheck, cvcFails, cvcFailsElevated, wrongCVC)
	answer(a.Line1 != "", &out.AddressLine1Check, line1Fails, addressFails)
	answer(a.PostalCode != "", &out.AddressPostalCodeCheck, zipFails, zipFailsElevated, addressFails)
	if b == addressUnchecked {
		out.AddressLine1Check, out.AddressPostalCodeCheck = "unavailable", "unavailable"
	}
	return out
}

func authenticationRequired() *shape.Error {
	e := cardError("authentication_required", "", "Your card was declined. This transaction requires authentication.")
	e.DeclineCode = "authentication_required"
	return e
}

// declined is Stripe's error for a card its bank refuses.
func declined(b behaviour) *shape.Error {
	e := cardError("card_declined", "", "Your card was declined.")
	switch b {
	case noFunds:
		e.Message = "Your card has insufficient funds."
	case tooOften:
		e.Message = "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."
	case expired:
		e = cardError("expired_card", "exp_month", "Your card has expired.")
	case wrongCVC:
		e = cardError("incorrect_cvc", "cvc", "Your card's security code is incorrect.")
	case bankError:
		e = cardError("processing_error", "", "An error occurred while processing your card. Try again in a little bit.")
	}
	e.DeclineCode = string(b)
	return e
}

func cardError(code, param, message string) *shape.Error {
	return &shape.Error{
		Status: http.StatusPaymentRequired, Type: "card_error", Code: code, Param: param, Message: message,
		DocURL: "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(code, "_", "-"),
	}
}

// unknownCard is for numbers that are no test card. Real ones must not be typed here.
func unknownCard() *shape.Error {
	e := cardError("card_declined", "number", "This is a sandbox: only test card numbers work here, such as 4242 4242 4242 4242.")
	e.DeclineCode = "test_mode_live_card"
	return e
}
