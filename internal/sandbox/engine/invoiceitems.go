package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// ItemCost is what an invoice item costs: an amount, or a price or an amount for one, times a quantity.
type ItemCost struct {
	Amount     *int64          `form:"amount"`
	Price      string          `form:"price"`
	PriceData  *ExtraPriceData `form:"price_data"`
	Quantity   *int64          `form:"quantity"`
	UnitAmount *int64          `form:"unit_amount"`
}

// ItemNotes are what an invoice item says beside its cost.
type ItemNotes struct {
	Description  *string           `form:"description"`
	Discountable *bool             `form:"discountable"`
	Metadata     map[string]string `form:"metadata"`
	Period       *PeriodInput      `form:"period"`
}

// PeriodInput is a span of time in Unix seconds.
type PeriodInput struct {
	End   int64 `form:"end,required"`
	Start int64 `form:"start,required"`
}

// InvoiceItemNew makes an invoice item: for a draft, for a subscription's next invoice, or for the customer's.
type InvoiceItemNew struct {
	ItemCost
	ItemNotes
	Currency     string `form:"currency"`
	Customer     string `form:"customer,required"`
	Invoice      string `form:"invoice"`
	Subscription string `form:"subscription"`
}

// InvoiceItemInput changes an invoice item that is on no finalized invoice.
type InvoiceItemInput struct {
	ItemCost
	ItemNotes
}

// InvoiceItemList asks for invoice items. Pending ones are on no invoice yet.
type InvoiceItemList struct {
	Page
	Made
	Customer string `form:"customer"`
	Invoice  string `form:"invoice"`
	Pending  *bool  `form:"pending"`
}

// GetInvoiceItem answers an invoice item.
func (tx *Tx) GetInvoiceItem(id string, _ NoInput) (any, error) {
	return found(tx.InvoiceItems.get(id), "invoiceitem", "invoiceitem", id)
}

// ListInvoiceItems answers invoice items, newest first.
func (tx *Tx) ListInvoiceItems(in InvoiceItemList) (any, error) {
	return list("/v1/invoiceitems", in.Page, tx.InvoiceItems.newestOf(in.Invoice, in.Customer), func(ii *shape.InvoiceItem) bool {
		return matches(in.Customer, string(ii.Customer)) && matches(in.Invoice, string(ii.Invoice)) &&
			is(in.Pending, ii.Invoice == "") && in.Created.Has(ii.Date)
	})
}

// CreateInvoiceItem puts something on an invoice to come, or on a draft.
func (tx *Tx) CreateInvoiceItem(in InvoiceItemNew) (any, error) {
	c, err := tx.customer("customer", in.Customer)
	if err != nil {
		return nil, err
	}
	inv, err := tx.itemPlace(in)
	if err != nil {
		return nil, err
	}
	ii := tx.blankItem(c)
	ii.Subscription = shape.Ref(in.Subscription)
	currency := ""
	if inv != nil {
		currency, ii.Invoice, ii.Subscription = inv.Currency, shape.Ref(inv.ID), inv.Subscription
	}
	if err := tx.checkCost(in.ItemCost, in.Currency, currency); err != nil {
		return nil, err
	}
	if err := in.apply(ii, in.Quantity); err != nil {
		return nil, err
	}
	tx.applyCost(ii, in.ItemCost, or(or(in.Currency, currency), or(string(c.Currency), defaultCurrency)))
	tx.InvoiceItems.add(ii.ID, ii)
	tx.emit("invoiceitem.created", ii)
	if inv != nil {
		tx.changeLines(inv, append(slices.Clone(inv.Lines.Data), tx.itemLine(ii)))
	}
	return ii, nil
}

// itemPlace is the draft that an invoice item is for, nil for one that waits.
func (tx *Tx) itemPlace(in InvoiceItemNew) (*shape.Invoice, error) {
	if in.Subscription != "" {
		s := tx.Subscriptions.get(in.Subscription)
		if s == nil || string(s.Customer) != in.Customer {
			return nil, shape.Missing("subscription", "subscription", in.Subscription)
		}
		if ended(s) {
			return nil, shape.Invalid("subscription", "", "You cannot add invoice items to a canceled subscription.")
		}
	}
	if in.Invoice == "" {
		return nil, nil
	}
	inv := tx.Invoices.get(in.Invoice)
	if inv == nil || string(inv.Customer) != in.Customer {
		return nil, shape.Missing("invoice", "invoice", in.Invoice)
	}
	if in.Subscription != "" && in.Subscription != string(inv.Subscription) {
		return nil, shape.Invalid("subscription", "", "The invoice %s does not belong to the subscription %s.", inv.ID, in.Subscription)
	}
	return inv, editable("invoice", inv)
}

// editable refuses to change what an invoice costs once it is final.
func editable(param string, inv *shape.Invoice) error {
	if inv != nil && inv.Status != "draft" {
		return shape.Invalid(param, "invoice_not_editable", "The invoice %s is no longer a draft, so that its items cannot be changed.", inv.ID)
	}
	return nil
}

func (tx *Tx) blankItem(c *shape.Customer) *shape.InvoiceItem {
	return &shape.InvoiceItem{
		ID: tx.longID("ii"), Object: "invoiceitem", Customer: shape.Ref(c.ID), Date: tx.now, Discountable: true,
		Period: shape.Period{Start: tx.now, End: tx.now}, Quantity: 1, TestClock: c.TestClock,
	}
}

// apply sets what was given; nothing when it refuses.
func (in ItemNotes) apply(ii *shape.InvoiceItem, quantity *int64) error {
	if quantity != nil && *quantity < 0 {
		return shape.Invalid("quantity", "parameter_invalid_integer", "Invalid non-negative integer")
	}
	if p := in.Period; p != nil && p.End < p.Start {
		return shape.Invalid("period[end]", "", "The period's end must not be before its start.")
	}
	if in.Discountable != nil && *in.Discountable && ii.Proration {
		return shape.Invalid("discountable", "", "Prorations cannot be discountable.")
	}
	setStr(&ii.Description, in.Description)
	set(&ii.Discountable, in.Discountable)
	ii.Metadata = ii.Metadata.Merge(in.Metadata)
	if in.Period != nil {
		ii.Period = shape.Period{Start: in.Period.Start, End: in.Period.End}
	}
	return nil
}

// UpdateInvoiceItem changes an invoice item. Stripe has no event for it, but for the draft that it is on.
func (tx *Tx) UpdateInvoiceItem(id string, in InvoiceItemInput) (any, error) {
	ii := tx.InvoiceItems.get(id)
	if ii == nil {
		return nil, shape.NotFound("invoiceitem", "invoiceitem", id)
	}
	inv := tx.Invoices.get(string(ii.Invoice))
	if err := editable("invoiceitem", inv); err != nil {
		return nil, err
	}
	changed := *ii
	if in.ItemCost.other() {
		if err := tx.checkCost(in.ItemCost, "", ii.Currency); err != nil {
			return nil, err
		}
	}
	if err := in.apply(&changed, in.Quantity); err != nil {
		return nil, err
	}
	tx.changeCost(&changed, in.ItemCost)
	*ii = changed
	if inv != nil {
		tx.changeLines(inv, tx.replacedLine(inv.Lines.Data, ii))
	}
	return ii, nil
}

// DeleteInvoiceItem takes an invoice item away, and its line from the draft that it is on.
func (tx *Tx) DeleteInvoiceItem(id string, _ NoInput) (any, error) {
	ii := tx.InvoiceItems.get(id)
	if ii == nil {
		return nil, shape.NotFound("invoiceitem", "invoiceitem", id)
	}
	inv := tx.Invoices.get(string(ii.Invoice))
	if err := editable("invoiceitem", inv); err != nil {
		return nil, err
	}
	tx.InvoiceItems.remove(id)
	tx.emit("invoiceitem.deleted", ii)
	if inv != nil {
		tx.changeLines(inv, withoutLine(inv.Lines.Data, id))
	}
	return &shape.Deleted{ID: id, Object: "invoiceitem", Deleted: true}, nil
}
