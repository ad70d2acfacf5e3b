package engine

import (
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// AddressInput is a postal address.
type AddressInput struct {
	City       string `form:"city,clear"`
	Country    string `form:"country,clear"`
	Line1      string `form:"line1,clear"`
	Line2      string `form:"line2,clear"`
	PostalCode string `form:"postal_code,clear"`
	State      string `form:"state,clear"`
}

func (a *AddressInput) shape() *shape.Address {
	if a == nil || *a == (AddressInput{}) {
		return nil
	}
	return &shape.Address{
		City: shape.Str(a.City), Country: shape.Str(a.Country), Line1: shape.Str(a.Line1),
		Line2: shape.Str(a.Line2), PostalCode: shape.Str(a.PostalCode), State: shape.Str(a.State),
	}
}

func addressInput(a *shape.Address) *AddressInput {
	if a == nil {
		return nil
	}
	return &AddressInput{
		City: string(a.City), Country: string(a.Country), Line1: string(a.Line1), Line2: string(a.Line2), PostalCode: string(a.PostalCode), State: string(a.State),
	}
}

// CustomerInput makes or changes a customer.
type CustomerInput struct {
	Address          *AddressInput     `form:"address,clear"`
	Balance          *int64            `form:"balance"`
	Coupon           *string           `form:"coupon,clear"`
	Description      *string           `form:"description,clear"`
	Email            *string           `form:"email,clear"`
	InvoicePrefix    *string           `form:"invoice_prefix"`
	InvoiceSettings  *InvoiceDefaults  `form:"invoice_settings"`
	Metadata         map[string]string `form:"metadata"`
	Name             *string           `form:"name,clear"`
	PaymentMethod    string            `form:"payment_method"`
	Phone            *string           `form:"phone,clear"`
	PreferredLocales []string          `form:"preferred_locales"`
	PromotionCode    *string           `form:"promotion_code,clear"`
	Source           string            `form:"source"`
	TaxExempt        *string           `form:"tax_exempt,clear" enum:"none|exempt|reverse"`
}

// CustomerNew makes a customer. Only then it can be put under a test clock.
type CustomerNew struct {
	CustomerInput
	TestClock string `form:"test_clock"`
}

// CustomerChange changes a customer. A card is attached by a call of its own.
type CustomerChange struct {
	CustomerInput `without:"payment_method"`
}

// InvoiceDefaults are the defaults for a customer's invoices.
type InvoiceDefaults struct {
	DefaultPaymentMethod *string `form:"default_payment_method,clear"`
}

// CustomerList asks for customers.
type CustomerList struct {
	Page
	Made
	Email     string `form:"email"`
	TestClock string `form:"test_clock"`
}

// CreateCustomer makes a customer, with a card when one is named.
func (tx *Tx) CreateCustomer(in CustomerNew) (any, error) {
	c := &shape.Customer{
		ID: tx.shortID("cus"), Object: "customer", Created: tx.now, InvoicePrefix: strings.ToUpper(tx.random(8)),
		NextInvoiceSequence: 1, TaxExempt: "none", TestClock: shape.Ref(in.TestClock),
	}
	if err := tx.checkCustomer(c, in.CustomerInput); err != nil {
		return nil, err
	}
	if err := tx.checkClock(in.TestClock); err != nil {
		return nil, err
	}
	granted, _, err := tx.granted(asked{Coupon: in.Coupon, Code: in.PromotionCode}, nil, order{Customer: c})
	if err != nil {
		return nil, err
	}
	tx.Customers.add(c.ID, c)
	in.apply(c)
	tell := tx.give(discounted{customer: c}, granted)
	tx.emit("customer.created", c)
	tell()
	if token := in.PaymentMethod + in.Source; token != "" {
		if err := tx.attachNew(token, c); err != nil {
			return nil, err
		}
		if d := &c.InvoiceSettings.DefaultPaymentMethod; string(*d) == token || in.Source != "" && *d == "" {
			*d = shape.Ref(tx.latestMethod(c.ID).ID)
		}
	}
	return c, nil
}

// checkCustomer refuses what cannot be, before anything is changed.
func (tx *Tx) checkCustomer(c *shape.Customer, in CustomerInput) error {
	if in.Email != nil && *in.Email != "" && !strings.Contains(*in.Email, "@") {
		return shape.Invalid("email", "email_invalid", "Invalid email address: %s", *in.Email)
	}
	if token := in.PaymentMethod + in.Source; token != "" {
		if err := tx.checkAttach(token, c); err != nil {
			return err
		}
	}
	d := in.InvoiceSettings
	if d == nil || d.DefaultPaymentMethod == nil || *d.DefaultPaymentMethod == "" || *d.DefaultPaymentMethod == in.PaymentMethod {
		return nil
	}
	if pm := tx.PaymentMethods.get(*d.DefaultPaymentMethod); pm == nil || string(pm.Customer) != c.ID {
		return shape.Invalid("invoice_settings[default_payment_method]", "resource_missing",
			"No such PaymentMethod: '%s'; it must be attached to the customer first.", *d.DefaultPaymentMethod)
	}
	return nil
}

func (in CustomerInput) apply(c *shape.Customer) {
	if in.Address != nil {
		c.Address = in.Address.shape()
	}
	set(&c.Balance, in.Balance)
	setStr(&c.Description, in.Description)
	setStr(&c.Email, in.Email)
	set(&c.InvoicePrefix, in.InvoicePrefix)
	setStr(&c.Name, in.Name)
	setStr(&c.Phone, in.Phone)
	set(&c.TaxExempt, in.TaxExempt)
	if in.InvoiceSettings != nil && in.InvoiceSettings.DefaultPaymentMethod != nil {
		c.InvoiceSettings.DefaultPaymentMethod = shape.Ref(*in.InvoiceSettings.DefaultPaymentMethod)
	}
	if in.PreferredLocales != nil {
		c.PreferredLocales = in.PreferredLocales
	}
	c.Metadata = c.Metadata.Merge(in.Metadata)
}

// GetCustomer answers a customer, or the short note that is left of a deleted one.
func (tx *Tx) GetCustomer(id string, _ NoInput) (any, error) {
	if gone := tx.Deleted.get(id); gone != nil {
		return gone, nil
	}
	return found(tx.Customers.get(id), "id", "customer", id)
}

// UpdateCustomer changes a customer.
func (tx *Tx) UpdateCustomer(id string, in CustomerChange) (any, error) {
	c := tx.Customers.get(id)
	if c == nil {
		return nil, shape.NotFound("id", "customer", id)
	}
	if err := tx.checkCustomer(c, in.CustomerInput); err != nil {
		return nil, err
	}
	h := discounted{customer: c}
	granted, change, err := tx.granted(asked{Coupon: in.Coupon, Code: in.PromotionCode}, h.held(), order{Customer: c})
	if err != nil {
		return nil, err
	}
	if in.Source != "" {
		if err := tx.attachNew(in.Source, c); err != nil {
			return nil, err
		}
	}
	update(tx, "customer.updated", c, func() {
		in.apply(c)
		if change {
			tx.give(h, granted)()
		}
	})
	return c, nil
}

// DeleteCustomer ends a customer's subscriptions and leaves a note in the customer's place.
func (tx *Tx) DeleteCustomer(id string, _ NoInput) (any, error) {
	c := tx.Customers.get(id)
	if c == nil {
		return nil, shape.NotFound("id", "customer", id)
	}
	for _, s := range tx.Subscriptions.of(id) {
		if !ended(s) {
			tx.endSubscription(s, "cancellation_requested")
		}
	}
	tx.Customers.remove(id)
	gone := tx.Deleted.add(id, &shape.Deleted{ID: id, Object: "customer", Deleted: true})
	tx.emit("customer.deleted", c)
	return gone, nil
}

// ListCustomers answers customers, newest first; those of test clocks only when asked for by their clock.
func (tx *Tx) ListCustomers(in CustomerList) (any, error) {
	return list("/v1/customers", in.Page, tx.Customers.newestOf(in.TestClock), func(c *shape.Customer) bool {
		return string(c.TestClock) == in.TestClock && matches(in.Email, string(c.Email)) && in.Created.Has(c.Created)
	})
}

// customer looks up the customer that a parameter names.
func (tx *Tx) customer(param, id string) (*shape.Customer, error) {
	if c := tx.Customers.get(id); c != nil {
		return c, nil
	}
	return nil, shape.Missing(param, "customer", id)
}
