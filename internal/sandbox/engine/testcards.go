package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// TestCard is one of Stripe's published test cards.
type TestCard struct {
	Number  string
	Brand   string
	Funding string // empty: credit
	Does    behaviour
	Label   string   // for people
	Tokens  []string // Stripe's names for it: pm_card_… and tok_…
}

// TestCards are the cards the sandbox knows, as published on Stripe's page about testing.
var TestCards = []TestCard{
	{"4242424242424242", "visa", "", pays, "Pays", []string{"visa"}},
	{"4000056655665556", "visa", "debit", pays, "Pays (debit)", []string{"visa_debit"}},
	{"5555555555554444", "mastercard", "", pays, "Pays", []string{"mastercard"}},
	{"2223003122003222", "mastercard", "", pays, "Pays (2-series)", nil},
	{"5200828282828210", "mastercard", "debit", pays, "Pays (debit)", []string{"mastercard_debit"}},
	{"5105105105105100", "mastercard", "prepaid", pays, "Pays (prepaid)", []string{"mastercard_prepaid"}},
	{"378282246310005", "amex", "", pays, "Pays", []string{"amex", "amex_threeDSecureNotSupported"}},
	{"371449635398431", "amex", "", pays, "Pays", nil},
	{"6011111111111117", "discover", "", pays, "Pays", []string{"discover"}},
	{"6011000990139424", "discover", "", pays, "Pays", nil},
	{"6011981111111113", "discover", "debit", pays, "Pays (debit)", nil},
	{"3056930009020004", "diners", "", pays, "Pays", []string{"diners"}},
	{"36227206271667", "diners", "", pays, "Pays (14 digits)", nil},
	{"6555900000604105", "discover", "", pays, "Pays (BCcard, DinaCard)", nil},
	{"3566002020360505", "jcb", "", pays, "Pays", []string{"jcb"}},
	{"6200000000000005", "unionpay", "", pays, "Pays", []string{"unionpay"}},
	{"6200000000000047", "unionpay", "debit", pays, "Pays (debit)", nil},
	{"6205500000000000004", "unionpay", "", pays, "Pays (19 digits)", nil},

	{"4000000000000002", "visa", "", declines, "Declined", []string{"visa_chargeDeclined", "chargeDeclined"}},
	{"4000000000009995", "visa", "", noFunds, "Insufficient funds", []string{"visa_chargeDeclinedInsufficientFunds", "visa_debit_chargeDeclinedInsufficientFunds", "chargeDeclinedInsufficientFunds"}},
	{"4000000000009987", "visa", "", lost, "Lost card", []string{"visa_chargeDeclinedLostCard", "chargeDeclinedLostCard"}},
	{"4000000000009979", "visa", "", stolen, "Stolen card", []string{"visa_chargeDeclinedStolenCard", "chargeDeclinedStolenCard"}},
	{"4000000000000069", "visa", "", expired, "Expired card", []string{"chargeDeclinedExpiredCard", "visa_chargeDeclinedExpiredCard"}},
	{"4000000000000127", "visa", "", wrongCVC, "Incorrect CVC", []string{"chargeDeclinedIncorrectCvc", "visa_chargeDeclinedIncorrectCvc"}},
	{"4000000000000119", "visa", "", bankError, "Processing error", []string{"chargeDeclinedProcessingError", "visa_chargeDeclinedProcessingError"}},
	{"4000000000006975", "visa", "", tooOften, "Exceeds velocity limit", []string{"visa_chargeDeclinedVelocityLimitExceeded"}},
	{"4000000000000341", "visa", "", failsLater, "Pays now, fails at renewal", []string{"chargeCustomerFail", "visa_chargeCustomerFail"}},

	{"4100000000000019", "visa", "", blocked, "Always blocked", []string{"radarBlock"}},
	{"4000000000004954", "visa", "", blocked, "Highest risk: blocked", []string{"riskLevelHighest"}},
	{"4000000000009235", "visa", "", elevatedRisk, "Pays, elevated risk", []string{"riskLevelElevated"}},
	{"4000000000000101", "visa", "", cvcFails, "CVC check fails", []string{"cvcCheckFail"}},
	{"4000058400307872", "visa", "", cvcFailsElevated, "CVC check fails, elevated risk", []string{"cvcCheckFailElevatedRisk"}},
	{"4000000000000036", "visa", "", zipFails, "Pays, postal code check fails", []string{"avsZipFail"}},
	{"4000058400306072", "visa", "", zipFailsElevated, "Pays, postal code check fails, elevated risk", []string{"avsZipFailElevatedRisk"}},
	{"4000000000000028", "visa", "", line1Fails, "Pays, address check fails", []string{"avsLine1Fail"}},
	{"4000000000000010", "visa", "", addressFails, "Pays, address and postal code checks fail", []string{"avsFail"}},
	{"4000000000000044", "visa", "", addressUnchecked, "Pays, address checks unavailable", []string{"avsUnchecked"}},

	{"4000002500003155", "visa", "", asksUnlessSetUp, "3-D Secure unless set up", []string{"authenticationRequiredOnSetup"}},
	{"4000002760003184", "visa", "", asksEveryTime, "3-D Secure each time", []string{"authenticationRequired"}},
	{"4000003800000446", "visa", "", asksOnce, "3-D Secure, already set up", []string{"authenticationRequiredSetupForOffSession"}},
	{"4000008260003178", "visa", "", asksThenNoFunds, "3-D Secure, then insufficient funds", []string{"authenticationRequiredChargeDeclinedInsufficientFunds"}},
	{"4000000000003220", "visa", "", asksOnce, "3-D Secure", []string{"threeDSecure2Required"}},
	{"4000000000003063", "visa", "", asksOnce, "3-D Secure", []string{"threeDSecureRequired"}},
	{"4000008400001629", "visa", "", asksThenDeclines, "3-D Secure, then declined", []string{"threeDSecureRequiredChargeDeclined"}},
	{"4000008400001280", "visa", "", lookupFails, "3-D Secure fails: declined", []string{"threeDSecureRequiredProcessingError"}},
	{"4000000000003055", "visa", "", mayAsk, "Pays; 3-D Secure only when asked for", []string{"threeDSecureOptional"}},
	{"4000000000003097", "visa", "", mayFail, "Pays; 3-D Secure fails when asked for", []string{"threeDSecureOptionalProcessingError"}},

	{"4000000000000259", "visa", "", disputedFraud, "Pays, disputed as fraudulent", []string{"createDispute"}},
	{"4000000000002685", "visa", "", disputedMissing, "Pays, disputed as not received", []string{"createDisputeProductNotReceived"}},
	{"4000000000001976", "visa", "", disputedInquiry, "Pays, then an inquiry", []string{"createDisputeInquiry"}},
	{"4000000000007726", "visa", "", refundsLater, "Pays; a refund is pending first", []string{"pendingRefund"}},
	{"4000000000005126", "visa", "", refundsFail, "Pays; a refund fails later", []string{"refundFail"}},
	{"4000000000000077", "visa", "", paysAtOnce, "Pays into the available balance", []string{"bypassPending"}},
	{"4000003720000278", "visa", "", paysAtOnce, "Pays into the available balance", []string{"bypassPendingInternational"}},
}

// findCard finds the test card of a number; spaces and dashes are allowed. The error is Stripe's for a number
// that is none, and the sandbox's own for what may be somebody's real card.
func findCard(number string) (TestCard, error) {
	number = strings.NewReplacer(" ", "", "-", "").Replace(number)
	for _, c := range TestCards {
		if c.Number == number {
			return c, nil
		}
	}
	if !luhn(number) {
		return TestCard{}, cardError("incorrect_number", "number", "Your card number is incorrect.")
	}
	return TestCard{}, unknownCard()
}

// luhn reports whether the last digit is the check digit that the others ask for.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			d = d*2%10 + d*2/10
		}
		sum += d
	}
	return len(number) >= 12 && sum%10 == 0
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

// details is what may be told of the card.
func (c TestCard) details() *shape.Card {
	return &shape.Card{
		Brand: c.Brand, DisplayBrand: displayBrands[c.Brand], Country: "US", Fingerprint: c.fingerprint(), Funding: or(c.Funding, "credit"),
		Last4: c.Number[len(c.Number)-4:], Networks: shape.CardNetworks{Available: []string{c.Brand}},
		ThreeDSecureUsage: shape.ThreeDSecureUsage{Supported: c.Brand != "amex"},
	}
}

// displayBrands are the names of brands whose display name is another.
var displayBrands = map[string]string{
	"visa": "visa", "mastercard": "mastercard", "amex": "american_express", "discover": "discover", "diners": "diners_club",
	"jcb": "jcb", "unionpay": "union_pay",
}
