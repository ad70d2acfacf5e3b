package engine

import (
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// leastCharge is the smallest amount Stripe collects per currency, in minor units; half a unit where it is not listed.
var leastCharge = map[string]int64{
	"aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500, "jpy": 50, "mxn": 1000, "myr": 200,
	"nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000,
}

// mostCharge is the largest amount, in minor units.
const mostCharge = 99999999

func checkAmount(amount int64, currency string) error {
	least := or(leastCharge[currency], 50)
	switch {
	case amount < 1:
		return shape.Invalid("amount", "parameter_invalid_integer", "Invalid positive integer")
	case !knownCurrency(currency):
		return shape.Invalid("currency", "", "Invalid currency: %s. It must be a three-letter code in lower case.", currency)
	case amount < least:
		return shape.Invalid("amount", "amount_too_small", "Amount must be at least %s %s", Money(least, currency), currency)
	case amount > mostCharge:
		return shape.Invalid("amount", "amount_too_large", "Amount must be no more than %s", Money(mostCharge, currency))
	}
	return nil
}

// checkFields refuses what a payment intent cannot be made with.
func (tx *Tx) checkFields(in IntentFields) error {
	if in.Customer != "" {
		if _, err := tx.customer("customer", in.Customer); err != nil {
			return err
		}
	}
	if in.PaymentMethod != "" && in.PaymentMethodData != nil {
		return shape.Invalid("payment_method_data", "", "You may only specify one of these parameters: payment_method, payment_method_data.")
	}
	if in.ReceiptEmail != nil && *in.ReceiptEmail != "" && !strings.Contains(*in.ReceiptEmail, "@") {
		return shape.Invalid("receipt_email", "email_invalid", "Invalid email address: %s", *in.ReceiptEmail)
	}
	if err := checkDescriptor("statement_descriptor", in.StatementDescriptor, 5); err != nil {
		return err
	}
	if err := checkDescriptor("statement_descriptor_suffix", in.StatementDescriptorSuffix, 1); err != nil {
		return err
	}
	return checkTypes(in.PaymentMethodTypes)
}

func checkTypes(types []string) error {
	if types != nil && !slices.Contains(types, "card") {
		return shape.Invalid("payment_method_types", "", "The sandbox takes cards only: payment_method_types must contain card.")
	}
	return nil
}

// maxStatement is how many characters fit a bank statement.
const maxStatement = 22

func checkDescriptor(param string, text *string, least int) error {
	switch {
	case text == nil:
		return nil
	case len(*text) < least || len(*text) > maxStatement:
		return shape.Invalid(param, "", "The %s must be %d to %d characters long.", strings.ReplaceAll(param, "_", " "), least, maxStatement)
	case strings.ContainsAny(*text, `<>\'"*`):
		return shape.Invalid(param, "", `The %s can't contain any of < > \ ' " *.`, strings.ReplaceAll(param, "_", " "))
	}
	return nil
}

// chosen is a payment method that a request names or gives, checked but not yet made.
type chosen struct {
	method *shape.PaymentMethod
	typed  *typedCard
	data   *NewMethod
}

// chooseMethod finds the payment method of a request, one of the customer's or nobody's; nil when the request has none.
func (tx *Tx) chooseMethod(id string, data *NewMethod, customer shape.Ref) (*chosen, error) {
	if data != nil {
		c, err := tx.methodInput("payment_method_data", data)
		return &chosen{typed: &c, data: data}, err
	}
	if id == "" {
		return nil, nil
	}
	pm := tx.PaymentMethods.get(id)
	if pm == nil {
		c, ok := tokenCard(id)
		if !ok || !strings.HasPrefix(id, "pm_") {
			return nil, shape.Missing("payment_method", "PaymentMethod", id)
		}
		return &chosen{typed: &typedCard{details: c.details(), kept: card{Behaviour: c.Does, CVC: true}}, data: &NewMethod{}}, nil
	}
	switch {
	case pm.Customer != "" && customer == "":
		return nil, shape.Invalid("payment_method", "", "The PaymentMethod %s belongs to the Customer %s. Please include the Customer in the "+
			"`customer` parameter on the PaymentIntent.", pm.ID, pm.Customer)
	case pm.Customer != "" && pm.Customer != customer:
		return nil, shape.Invalid("payment_method", "resource_missing", "The customer does not have a payment method with the ID %s. "+
			"The payment method must be attached to the customer.", pm.ID)
	}
	return &chosen{method: pm}, tx.usedUp(pm)
}

// make is the payment method itself; nil when none was chosen.
func (c *chosen) make(tx *Tx) *shape.PaymentMethod {
	if c == nil {
		return nil
	}
	if c.method == nil {
		c.method = tx.makeMethod(*c.typed, c.data)
	}
	return c.method
}

// checkReturn asks for an address to come back to, where a way to pay might lead the buyer away.
func checkReturn(auto *shape.AutomaticMethods, kind, returnURL string) error {
	if auto != nil && auto.Enabled && auto.AllowRedirects != "never" && returnURL == "" {
		return shape.Invalid("", "", "This %s is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods "+
			"might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, "+
			"set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents "+
			"and Payment Intents.", kind)
	}
	return checkURL("return_url", returnURL)
}

// automatic is the choice between Stripe's own selection of ways to pay, which is the default, and a list.
func automatic(in *AutomaticMethods, types []string) (*shape.AutomaticMethods, error) {
	switch {
	case in != nil && in.Enabled && types != nil:
		return nil, shape.Invalid("payment_method_types", "", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.")
	case types != nil || in != nil && !in.Enabled:
		return nil, nil
	case in == nil:
		return &shape.AutomaticMethods{AllowRedirects: "always", Enabled: true}, nil
	}
	return &shape.AutomaticMethods{AllowRedirects: or(in.AllowRedirects, "always"), Enabled: true}, nil
}

// inState refuses what an intent is not, or no longer, in the state for.
func inState(kind, done, status string, may ...string) *shape.Error {
	if slices.Contains(may, status) {
		return nil
	}
	code := strings.ToLower(strings.TrimSuffix(kind, "Intent")) + "_intent_unexpected_state"
	return shape.Invalid("", code, "This %s could not be %s because it has a status of %s. Only a %s with one of the following statuses may be %s: %s.",
		kind, done, status, kind, done, strings.Join(may, ", "))
}

// ownedBySession refuses to touch an intent that a Checkout page works with.
func (tx *Tx) ownedBySession(kind, done, id string) error {
	for _, s := range tx.Sessions.of(id) {
		if s.Status == "open" {
			return shape.Invalid("", "", "You cannot %s the %s of a Checkout Session. Expire the Checkout Session (%s) instead.", done, kind, s.ID)
		}
	}
	return nil
}
