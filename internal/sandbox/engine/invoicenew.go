package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// InvoiceInput changes an invoice. Once it is final only notes change.
type InvoiceInput struct {
	AutoAdvance          *bool               `form:"auto_advance"`
	AutomaticTax         *SwitchInput        `form:"automatic_tax"`
	CollectionMethod     string              `form:"collection_method" enum:"charge_automatically|send_invoice"`
	CustomFields         *[]CustomFieldInput `form:"custom_fields,clear"`
	DaysUntilDue         *int64              `form:"days_until_due"`
	DefaultPaymentMethod *string             `form:"default_payment_method,clear"`
	Description          *string             `form:"description,clear"`
	Discounts            *[]DiscountInput    `form:"discounts,clear"`
	DueDate              *int64              `form:"due_date"`
	Footer               *string             `form:"footer,clear"`
	Metadata             map[string]string   `form:"metadata"`
	PaymentSettings      *InvoicePayInput    `form:"payment_settings"`
	StatementDescriptor  *string             `form:"statement_descriptor,clear"`
}

// InvoicePayInput is how an invoice may be paid: by card.
type InvoicePayInput struct {
	PaymentMethodTypes *[]string `form:"payment_method_types,clear"`
}

// CustomFieldInput is a name and a value that an invoice shows.
type CustomFieldInput struct {
	Name  string `form:"name,required"`
	Value string `form:"value,required"`
}

// InvoiceNew makes a draft.
type InvoiceNew struct {
	InvoiceInput
	Currency                    string `form:"currency"`
	Customer                    string `form:"customer"`
	PendingInvoiceItemsBehavior string `form:"pending_invoice_items_behavior" enum:"exclude|include"`
	Subscription                string `form:"subscription"`
}

// The limits of what an invoice shows, from Stripe's documentation.
const (
	maxCustomFields     = 4
	maxCustomFieldName  = 40
	maxCustomFieldValue = 140
	maxDescriptor       = 22
)

// CreateInvoice makes a draft, with what waits for the customer's next invoice when that is asked for.
func (tx *Tx) CreateInvoice(in InvoiceNew) (any, error) {
	if in.Customer == "" {
		return nil, shape.Invalid("customer", "parameter_missing", "Missing required param: customer.")
	}
	c, err := tx.customer("customer", in.Customer)
	if err != nil {
		return nil, err
	}
	s := tx.Subscriptions.get(in.Subscription)
	if in.Subscription != "" && (s == nil || string(s.Customer) != c.ID) {
		return nil, shape.Missing("subscription", "subscription", in.Subscription)
	}
	if in.Currency != "" && !knownCurrency(in.Currency) {
		return nil, shape.Invalid("currency", "", "Invalid currency: %s. It must be a three-letter code in lower case.", in.Currency)
	}
	in.CollectionMethod = or(in.CollectionMethod, chargeAutomatically)
	inv := blankInvoice(tx, c, "manual", or(in.Currency, or(string(c.Currency), defaultCurrency)))
	inv.AutoAdvance = false
	if s != nil {
		inv.Subscription, inv.SubscriptionDetails = shape.Ref(s.ID), &shape.SubscriptionDetails{Metadata: s.Metadata}
		inv.Currency = s.Currency
	}
	if err := in.check(tx, inv, c); err != nil {
		return nil, err
	}
	granted, other, err := tx.granted(asked{Discounts: in.Discounts}, nil, order{Customer: c, Currency: inv.Currency})
	if err != nil {
		return nil, err
	}
	in.apply(inv)
	tx.planAdvance(inv)
	tx.Invoices.add(inv.ID, inv)
	var lines []shape.Line
	if in.PendingInvoiceItemsBehavior == "include" {
		lines = tx.takeWaiting(waitingFor{c.ID, in.Subscription, inv.Currency, s != nil}, inv.ID)
	}
	inv.Discounts = tx.inherited(c, s, tx.now)
	if other {
		tx.discountInvoice(inv, granted)
	}
	tx.total(inv, lines)
	tx.emit("invoice.created", inv)
	return inv, nil
}

// UpdateInvoice changes an invoice.
func (tx *Tx) UpdateInvoice(id string, in InvoiceInput) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	if inv.Status != "draft" && (in.CollectionMethod != "" || in.DaysUntilDue != nil || in.DueDate != nil || in.CustomFields != nil || in.AutomaticTax != nil || in.Discounts != nil) {
		return nil, shape.Invalid("", "invoice_not_editable", "Finalized invoices can't be updated in this way")
	}
	if err := in.check(tx, inv, tx.owner(inv)); err != nil {
		return nil, err
	}
	granted, other, err := tx.granted(asked{Discounts: in.Discounts}, inv.Discounts, order{Customer: tx.owner(inv), Currency: inv.Currency, Amount: inv.Subtotal})
	if err != nil {
		return nil, err
	}
	update(tx, "invoice.updated", inv, func() {
		auto := inv.AutoAdvance
		in.apply(inv)
		if other {
			tx.discountInvoice(inv, granted)
		}
		if other || in.AutomaticTax != nil {
			tx.total(inv, inv.Lines.Data)
		}
		if inv.AutoAdvance != auto || in.CollectionMethod != "" {
			tx.planAdvance(inv)
		}
	})
	return inv, nil
}

// check refuses what cannot be, before anything is changed.
func (in InvoiceInput) check(tx *Tx, inv *shape.Invoice, c *shape.Customer) error {
	if in.newTerms() {
		if err := in.terms(inv).check(tx, c); err != nil {
			return err
		}
	}
	if in.AutoAdvance != nil && *in.AutoAdvance && inv.Status != "draft" && inv.Status != "open" {
		return shape.Invalid("auto_advance", "invoice_not_editable", "This invoice is %s: it can no longer advance by itself.", inv.Status)
	}
	if in.StatementDescriptor != nil && len(*in.StatementDescriptor) > maxDescriptor {
		return shape.Invalid("statement_descriptor", "", "The statement descriptor must be at most %d characters.", maxDescriptor)
	}
	if in.DefaultPaymentMethod != nil && *in.DefaultPaymentMethod != "" {
		if _, err := tx.methodOf(c, *in.DefaultPaymentMethod); err != nil {
			return err
		}
	}
	if p := in.PaymentSettings; p != nil {
		if err := (&PaymentSettings{PaymentMethodTypes: p.PaymentMethodTypes}).check(); err != nil {
			return err
		}
	}
	return in.checkFields()
}

func (in InvoiceInput) checkFields() error {
	if in.CustomFields == nil {
		return nil
	}
	if len(*in.CustomFields) > maxCustomFields {
		return shape.Invalid("custom_fields", "", "An invoice can have at most %d custom fields.", maxCustomFields)
	}
	for _, f := range *in.CustomFields {
		if len([]rune(f.Name)) > maxCustomFieldName || len([]rune(f.Value)) > maxCustomFieldValue {
			return shape.Invalid("custom_fields", "", "A custom field's name can have up to %d characters, and its value up to %d.",
				maxCustomFieldName, maxCustomFieldValue)
		}
	}
	return nil
}

func (in InvoiceInput) newTerms() bool {
	return in.CollectionMethod != "" || in.DaysUntilDue != nil || in.DueDate != nil
}

// terms are the invoice's own where nothing else was asked for.
func (in InvoiceInput) terms(inv *shape.Invoice) terms {
	t := terms{or(in.CollectionMethod, inv.CollectionMethod), in.DaysUntilDue, in.DueDate}
	if t.Method == sendInvoice && t.DaysUntilDue == nil && t.DueDate == nil && inv.DueDate != 0 {
		at := int64(inv.DueDate)
		t.DueDate = &at
	}
	return t
}

func (in InvoiceInput) apply(inv *shape.Invoice) {
	if in.AutomaticTax != nil {
		inv.AutomaticTax.Enabled = in.AutomaticTax.Enabled
	}
	if in.newTerms() {
		in.terms(inv).apply(inv)
	}
	set(&inv.AutoAdvance, in.AutoAdvance)
	setRef(&inv.DefaultPaymentMethod, in.DefaultPaymentMethod)
	setStr(&inv.Description, in.Description)
	setStr(&inv.Footer, in.Footer)
	setStr(&inv.StatementDescriptor, in.StatementDescriptor)
	inv.Metadata = inv.Metadata.Merge(in.Metadata)
	if p := in.PaymentSettings; p != nil && p.PaymentMethodTypes != nil {
		inv.PaymentSettings.PaymentMethodTypes = nil
		if len(*p.PaymentMethodTypes) > 0 {
			inv.PaymentSettings.PaymentMethodTypes = *p.PaymentMethodTypes
		}
	}
	if in.CustomFields == nil {
		return
	}
	inv.CustomFields = nil
	for _, f := range *in.CustomFields {
		inv.CustomFields = append(inv.CustomFields, shape.CustomField{Name: f.Name, Value: f.Value})
	}
}

// planAdvance says when an invoice advances by itself: a draft is finalized, and an open one is collected, an hour on.
func (tx *Tx) planAdvance(inv *shape.Invoice) {
	at := shape.Time(tx.now + int64(draftWait.Seconds()))
	inv.AutomaticallyFinalizesAt, inv.NextPaymentAttempt = 0, 0
	if !inv.AutoAdvance {
		return
	}
	if inv.Status == "draft" {
		inv.AutomaticallyFinalizesAt = at
	}
	if inv.CollectionMethod == chargeAutomatically {
		inv.NextPaymentAttempt = at
	}
}
