package engine

import (
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// BillingDetailsInput is who a card belongs to.
type BillingDetailsInput struct {
	Address *AddressInput `form:"address,clear"`
	Email   *string       `form:"email,clear"`
	Name    *string       `form:"name,clear"`
	Phone   *string       `form:"phone,clear"`
}

// NewMethod makes a payment method from a test card.
type NewMethod struct {
	AllowRedisplay string               `form:"allow_redisplay" enum:"always|limited|unspecified"`
	BillingDetails *BillingDetailsInput `form:"billing_details"`
	Card           *CardInput           `form:"card"`
	Metadata       map[string]string    `form:"metadata"`
	Type           string               `form:"type" enum:"card"`
}

// CardInput is a test card, by token or by number.
type CardInput struct {
	CVC      string `form:"cvc"`
	ExpMonth int64  `form:"exp_month"`
	ExpYear  int64  `form:"exp_year"`
	Number   string `form:"number"`
	Token    string `form:"token"`
}

// MethodInput changes a payment method.
type MethodInput struct {
	AllowRedisplay *string              `form:"allow_redisplay" enum:"always|limited|unspecified"`
	BillingDetails *BillingDetailsInput `form:"billing_details"`
	Metadata       map[string]string    `form:"metadata"`
}

// MethodAttach names who gets a payment method.
type MethodAttach struct {
	Customer string `form:"customer,required"`
}

// MethodList asks for payment methods.
type MethodList struct {
	Page
	Customer string `form:"customer"`
	Type     string `form:"type"`
}

// addMethod makes a payment method of a card somebody typed; nobody has it yet.
func (tx *Tx) addMethod(c TestCard, d CardDetails) *shape.PaymentMethod {
	pm := tx.keepMethod(c.details(), card{Behaviour: c.Does, CVC: true}, d.ExpMonth, d.ExpYear)
	pm.BillingDetails.Email, pm.BillingDetails.Name, pm.BillingDetails.Phone = shape.Str(d.Email), shape.Str(d.Name), shape.Str(d.Phone)
	set(&pm.BillingDetails.Address, d.Address)
	return pm
}

// keepMethod makes a payment method of what may be kept of a card.
func (tx *Tx) keepMethod(details *shape.Card, kept card, month, year int64) *shape.PaymentMethod {
	details.ExpMonth, details.ExpYear = month, year
	if year == 0 {
		details.ExpMonth, details.ExpYear = 12, int64(time.Unix(tx.now, 0).UTC().Year()+4)
	}
	details.Checks = kept.Behaviour.checks(kept.CVC, shape.Address{})
	pm := &shape.PaymentMethod{
		ID: tx.longID("pm"), Object: "payment_method", AllowRedisplay: "unspecified", Card: details, Created: tx.now, Type: "card",
	}
	tx.PaymentMethods.add(pm.ID, pm)
	tx.Cards.add(pm.ID, &kept)
	return pm
}

// method finds a payment method, or makes one of a test token.
func (tx *Tx) method(param, token string) (*shape.PaymentMethod, error) {
	if pm := tx.PaymentMethods.get(token); pm != nil {
		return pm, nil
	}
	if c, ok := tokenCard(token); ok {
		return tx.keep(typedCard{details: c.details(), kept: card{Behaviour: c.Does, CVC: true}}), nil
	}
	return nil, shape.Missing(param, "PaymentMethod", token)
}

// attachNew gives a customer the payment method that a token names.
func (tx *Tx) attachNew(token string, c *shape.Customer) error {
	pm, err := tx.method("payment_method", token)
	if err != nil {
		return err
	}
	return tx.attach(pm, c)
}

// attach gives a payment method to a customer; a card its bank refuses cannot be attached.
func (tx *Tx) attach(pm *shape.PaymentMethod, c *shape.Customer) error {
	if string(pm.Customer) == c.ID {
		return nil
	}
	if err := tx.checkAttach(pm.ID, c); err != nil {
		return err
	}
	pm.Customer = shape.Ref(c.ID)
	tx.emit("payment_method.attached", pm)
	return nil
}

// checkAttach is why a payment method, made before or named by a test token, could not be given to a customer.
func (tx *Tx) checkAttach(token string, c *shape.Customer) error {
	test, known := tokenCard(token)
	does := test.Does
	if pm := tx.PaymentMethods.get(token); pm != nil {
		if pm.Customer != "" && string(pm.Customer) != c.ID {
			return shape.Invalid("", "payment_method_unexpected_state",
				"The payment method you provided has already been attached to a customer.")
		}
		if err := tx.usedUp(pm); err != nil {
			return err
		}
		does, known = tx.behaviourOf(token), true
	}
	if !known {
		return shape.Missing("payment_method", "PaymentMethod", token)
	}
	if refused := does.unsavable(); refused != nil {
		return refused
	}
	return nil
}

// usedUp refuses a payment method that was used without a customer, or taken from one.
func (tx *Tx) usedUp(pm *shape.PaymentMethod) error {
	if kept := tx.Cards.get(pm.ID); kept == nil || !kept.Spent {
		return nil
	}
	return shape.Invalid("payment_method", "", "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, "+
		"or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.")
}

// latestMethod is the card a customer added last.
func (tx *Tx) latestMethod(customerID string) *shape.PaymentMethod {
	for _, pm := range tx.PaymentMethods.newestOf(customerID) {
		return pm
	}
	return nil
}

// CreateMethod makes a payment method.
func (tx *Tx) CreateMethod(in NewMethod) (any, error) {
	c, err := tx.methodInput("", &in)
	if err != nil {
		return nil, err
	}
	return tx.makeMethod(c, &in), nil
}

// methodInput checks what a payment method is to be made of. The prefix names the parameter that holds it.
func (tx *Tx) methodInput(prefix string, in *NewMethod) (typedCard, error) {
	name := func(field string) string {
		if prefix == "" {
			return field
		}
		return prefix + "[" + field + "]"
	}
	if in.Type == "" {
		return typedCard{}, shape.Invalid(name("type"), "parameter_missing", "Missing required param: %s.", name("type"))
	}
	if in.Card == nil {
		return typedCard{}, shape.Invalid(name("card"), "parameter_missing", "Missing required param: %s.", name("card"))
	}
	return tx.typed(*in.Card)
}

func (tx *Tx) makeMethod(c typedCard, in *NewMethod) *shape.PaymentMethod {
	pm := tx.keep(c)
	set(&pm.AllowRedisplay, nonEmpty(in.AllowRedisplay))
	in.BillingDetails.apply(&pm.BillingDetails)
	pm.Card.Checks = c.kept.Behaviour.checks(c.kept.CVC, pm.BillingDetails.Address)
	pm.Metadata = pm.Metadata.Merge(in.Metadata)
	return pm
}

func (b *BillingDetailsInput) apply(d *shape.BillingDetails) {
	if b == nil {
		return
	}
	if a := b.Address.shape(); a != nil {
		d.Address = *a
	}
	setStr(&d.Email, b.Email)
	setStr(&d.Name, b.Name)
	setStr(&d.Phone, b.Phone)
}

// GetMethod answers a payment method.
func (tx *Tx) GetMethod(id string, _ NoInput) (any, error) {
	return found(tx.PaymentMethods.get(id), "payment_method", "PaymentMethod", id)
}

// UpdateMethod changes a payment method.
func (tx *Tx) UpdateMethod(id string, in MethodInput) (any, error) {
	pm := tx.PaymentMethods.get(id)
	if pm == nil {
		return nil, shape.NotFound("payment_method", "PaymentMethod", id)
	}
	update(tx, "payment_method.updated", pm, func() {
		set(&pm.AllowRedisplay, in.AllowRedisplay)
		in.BillingDetails.apply(&pm.BillingDetails)
		pm.Metadata = pm.Metadata.Merge(in.Metadata)
	})
	return pm, nil
}

// AttachMethod gives a payment method to a customer.
func (tx *Tx) AttachMethod(id string, in MethodAttach) (any, error) {
	c, err := tx.customer("customer", in.Customer)
	if err != nil {
		return nil, err
	}
	pm, err := tx.method("payment_method", id)
	if err != nil {
		return nil, err
	}
	return pm, tx.attach(pm, c)
}

// DetachMethod takes a payment method from its customer, for good.
func (tx *Tx) DetachMethod(id string, _ NoInput) (any, error) {
	pm := tx.PaymentMethods.get(id)
	if pm == nil {
		return nil, shape.NotFound("payment_method", "PaymentMethod", id)
	}
	if pm.Customer == "" {
		return nil, shape.Invalid("", "payment_method_unexpected_state",
			"The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	if c := tx.Customers.get(string(pm.Customer)); c != nil && string(c.InvoiceSettings.DefaultPaymentMethod) == id {
		update(tx, "customer.updated", c, func() { c.InvoiceSettings.DefaultPaymentMethod = "" })
	}
	update(tx, "payment_method.detached", pm, func() { pm.Customer = "" })
	if kept := tx.Cards.get(id); kept != nil {
		kept.Spent = true
	}
	return pm, nil
}

// ListMethods answers a customer's payment methods, newest first.
func (tx *Tx) ListMethods(in MethodList) (any, error) {
	return list("/v1/payment_methods", in.Page, tx.PaymentMethods.newestOf(in.Customer), func(pm *shape.PaymentMethod) bool {
		return pm.Customer != "" && matches(in.Customer, string(pm.Customer)) && matches(in.Type, pm.Type)
	})
}

// CustomerMethodList asks for the payment methods of the customer in the URL.
type CustomerMethodList struct {
	MethodList `without:"customer"`
}

// ListCustomerMethods answers the payment methods of the customer in the URL.
func (tx *Tx) ListCustomerMethods(id string, in CustomerMethodList) (any, error) {
	if tx.Customers.get(id) == nil {
		return nil, shape.NotFound("customer", "customer", id)
	}
	return list("/v1/customers/"+id+"/payment_methods", in.Page, tx.PaymentMethods.newestOf(id), func(pm *shape.PaymentMethod) bool {
		return matches(in.Type, pm.Type)
	})
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
