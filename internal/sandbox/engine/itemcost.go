package engine

import (
	"errors"
	"slices"
	"strconv"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// defaultCurrency is the merchant's, who sits in the United States.
const defaultCurrency = "usd"

// other reports whether something is to cost something else, and not only another number of the same.
func (in ItemCost) other() bool {
	return in.Amount != nil || in.Price != "" || in.PriceData != nil || in.UnitAmount != nil
}

// checkCost refuses a cost that cannot be, before anything is changed. asked is the currency that was asked for, and
// fixed that of the invoice; both may be empty.
func (tx *Tx) checkCost(in ItemCost, asked, fixed string) error {
	ways := 0
	for _, given := range []bool{in.Amount != nil, in.Price != "", in.PriceData != nil, in.UnitAmount != nil} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		return shape.Invalid("amount", "parameter_missing", "You must specify one of `amount`, `unit_amount`, `price` or `price_data`.")
	case ways > 1:
		return shape.Invalid("amount", "", "You may only specify one of these parameters: amount, unit_amount, price, price_data.")
	case in.Amount != nil && in.Quantity != nil:
		return shape.Invalid("quantity", "", "You may only specify one of these parameters: amount, quantity. Use `unit_amount` with a quantity.")
	case asked != "" && !knownCurrency(asked):
		return shape.Invalid("currency", "", "Invalid currency: %s. It must be a three-letter code in lower case.", asked)
	}
	brought, err := tx.costCurrency(in)
	if err != nil {
		return err
	}
	if asked != "" && brought != "" && asked != brought {
		return shape.Invalid("currency", "", "The price's currency is `%s`, not `%s`.", brought, asked)
	}
	if got := or(asked, brought); fixed != "" && got != "" && got != fixed {
		return shape.Invalid("currency", "", "The invoice item's currency (`%s`) must be that of the invoice (`%s`).", got, fixed)
	}
	return nil
}

// costCurrency is the currency of the price that a cost names, empty when it names none.
func (tx *Tx) costCurrency(in ItemCost) (string, error) {
	if in.PriceData != nil {
		return in.PriceData.Currency, tx.checkItemPrice(*in.PriceData)
	}
	if in.Price == "" {
		return "", nil
	}
	p, err := tx.priceOf("invoiceitem", in.Price, nil)
	if err != nil {
		return "", inPlace(err, "price")
	}
	if p.Recurring != nil {
		return "", shape.Invalid("price", "", "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.")
	}
	return p.Currency, nil
}

// inPlace names the parameter that an error is about as this endpoint calls it.
func inPlace(err error, param string) error {
	var e *shape.Error
	if errors.As(err, &e) {
		e.Param = param
	}
	return err
}

func (tx *Tx) checkItemPrice(in ExtraPriceData) error {
	switch {
	case !knownCurrency(in.Currency):
		return shape.Invalid("price_data[currency]", "", "Invalid currency: %s. It must be a three-letter code in lower case.", in.Currency)
	case tx.Products.get(in.Product) == nil:
		return shape.Missing("price_data[product]", "product", in.Product)
	case in.UnitAmount == nil:
		return shape.Invalid("price_data[unit_amount]", "parameter_missing", "Missing required param: price_data[unit_amount].")
	}
	return nil
}

// applyCost gives an invoice item a cost that checkCost let pass.
func (tx *Tx) applyCost(ii *shape.InvoiceItem, in ItemCost, currency string) {
	set(&ii.Quantity, in.Quantity)
	product := string(ii.Price.Product)
	switch {
	case in.Price != "":
		ii.Price = *tx.Prices.get(in.Price)
		ii.Description = or(ii.Description, shape.Str(tx.productName(ii.Price)))
	case in.PriceData != nil:
		ii.Price = tx.itemPrice(in.PriceData.Currency, in.PriceData.Product, *in.PriceData.UnitAmount)
		set(&ii.Price.TaxBehavior, in.PriceData.TaxBehavior)
		ii.Description = or(ii.Description, shape.Str(tx.productName(ii.Price)))
	case in.UnitAmount != nil:
		ii.Price = tx.itemPrice(currency, product, *in.UnitAmount)
	default:
		ii.Price, ii.Quantity = tx.itemPrice(currency, product, *in.Amount), 1
	}
	ii.Currency, ii.UnitAmount, ii.UnitAmountDecimal = ii.Price.Currency, ii.Price.UnitAmount, wholeDecimal(ii.Price.UnitAmount)
	ii.Amount = ii.UnitAmount * ii.Quantity
	if ii.Amount < 0 {
		ii.Discountable = false
	}
}

// changeCost is applyCost for an update, which may leave all as it is, or ask for another number of the same.
func (tx *Tx) changeCost(ii *shape.InvoiceItem, in ItemCost) {
	switch {
	case in.other():
		tx.applyCost(ii, in, ii.Currency)
	case in.Quantity != nil:
		ii.Quantity = *in.Quantity
		ii.Amount = ii.UnitAmount * ii.Quantity
	}
}

// itemPrice is the price that Stripe makes for an amount: one-time, and not to be bought again. No price of the
// catalogue may be below zero, but this one may: it is kept on its invoice item alone.
func (tx *Tx) itemPrice(currency, product string, amount int64) shape.Price {
	return shape.Price{
		ID: tx.longID("price"), Object: "price", BillingScheme: "per_unit", Created: tx.now, Currency: currency,
		Product: shape.Ref(or(product, tx.shortID("prod"))), TaxBehavior: "unspecified", Type: "one_time",
		UnitAmount: amount, UnitAmountDecimal: wholeDecimal(amount),
	}
}

// itemLine is the invoice line of an invoice item.
func (tx *Tx) itemLine(ii *shape.InvoiceItem) shape.Line {
	l := tx.line(ii.Price, ii.Quantity, ii.Amount, string(ii.Description), ii.Period)
	l.Proration, l.Discountable, l.InvoiceItem = ii.Proration, ii.Discountable, ii.ID
	l.Subscription, l.SubscriptionItem, l.Metadata = ii.Subscription, ii.SubscriptionItem, ii.Metadata
	return l
}

// changeLines gives a draft other lines.
func (tx *Tx) changeLines(inv *shape.Invoice, lines []shape.Line) {
	update(tx, "invoice.updated", inv, func() { tx.total(inv, lines) })
}

func (tx *Tx) replacedLine(lines []shape.Line, ii *shape.InvoiceItem) []shape.Line {
	out := slices.Clone(lines)
	for i, l := range out {
		if l.InvoiceItem == ii.ID {
			id := l.ID
			out[i] = tx.itemLine(ii)
			out[i].ID, out[i].ProrationDetails = id, l.ProrationDetails
		}
	}
	return out
}

func withoutLine(lines []shape.Line, invoiceItem string) []shape.Line {
	return slices.DeleteFunc(slices.Clone(lines), func(l shape.Line) bool { return l.InvoiceItem == invoiceItem })
}

// wholeDecimal writes whole minor units as Stripe's decimal strings do.
func wholeDecimal(amount int64) string { return strconv.FormatInt(amount, 10) }
