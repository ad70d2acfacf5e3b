package engine

import (
	"errors"
	"fmt"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// start is what a new subscription is made of.
type start struct {
	Customer    *shape.Customer
	Items       []ItemInput
	Metadata    map[string]string
	Description string
	TrialEnd    int64 // Unix seconds; zero for none
	MissingCard string
	Method      *shape.PaymentMethod // its own default, if any
	SaveMethod  bool
	Present     bool // the buyer sits before the page
	Proven      bool
	Intent      shape.Ref // opened before, by an attempt that failed
	DontCharge  bool      // payment_behavior=default_incomplete
	CancelAtEnd bool
	Shown       bool             // the buyer was shown what it costs: what waits for the customer's next invoice goes on waiting
	CancelAt    int64            // Unix seconds; zero for none
	Anchor      int64            // the first full period begins then; zero for at once
	Free        bool             // what comes before the anchor costs nothing
	Payment     *PaymentSettings // nil for the defaults
	Terms       terms
	Extra       []shape.Line // one-time things on the first invoice
	Tax         bool         // automatic
	Granted     []grant      // its discounts
	Tell        func()       // tells that it has them
}

// startSubscription makes a subscription, its first invoice, and collects it. When the card is refused the
// subscription stays incomplete, and the refusal is answered beside it.
func (tx *Tx) startSubscription(in start) (*shape.Subscription, error) {
	s, err := tx.newSubscription(in)
	if err != nil {
		return nil, err
	}
	in.Tell = tx.give(discounted{in.Customer, s}, in.Granted)
	return s, tx.begunSubscription(s, in)
}

// begunSubscription tells of a new subscription and collects its first invoice.
func (tx *Tx) begunSubscription(s *shape.Subscription, in start) error {
	tx.settleCurrency(in.Customer, s.Currency)
	inv := tx.draftWith(waitingFor{in.Customer.ID, s.ID, s.Currency, in.Shown}, in.Customer, s, "subscription_create", append(tx.firstLines(s, in), in.Extra...))
	inv.PaymentIntent = in.Intent
	s.LatestInvoice = shape.Ref(inv.ID)
	tx.Subscriptions.add(s.ID, s)
	tx.emit("customer.subscription.created", s)
	if in.Tell != nil {
		in.Tell()
	}
	if !tx.raise(inv) {
		return nil
	}
	if in.DontCharge && inv.AmountDue > 0 {
		tx.intentFor(inv)
		return nil
	}
	if pi := tx.PaymentIntents.get(string(in.Intent)); pi != nil {
		pi.Invoice, pi.Amount = shape.Ref(inv.ID), inv.AmountDue
	}
	return tx.collect(inv, payer{Method: tx.methodFor(s), Present: in.Present, Proven: in.Proven})
}

func (tx *Tx) newSubscription(in start) (*shape.Subscription, error) {
	s := &shape.Subscription{
		ID: tx.longID("sub"), Object: "subscription", BillingCycleAnchor: tx.now, CollectionMethod: or(in.Terms.Method, chargeAutomatically),
		Created: tx.now, DaysUntilDue: in.Terms.DaysUntilDue, CurrentPeriodStart: tx.now, Customer: shape.Ref(in.Customer.ID), Description: shape.Str(in.Description),
		InvoiceSettings: shape.SubscriptionInvoice{Issuer: shape.Issuer{Type: "self"}}, Metadata: shape.Metadata{}.Merge(in.Metadata),
		PaymentSettings: shape.SubscriptionPayment{SaveDefaultPaymentMethod: "off"}, StartDate: tx.now, Status: "incomplete", TestClock: in.Customer.TestClock,
	}
	s.AutomaticTax = subscriptionTax(in.Tax)
	s.TrialSettings.EndBehavior.MissingPaymentMethod = or(in.MissingCard, "create_invoice")
	if s.CollectionMethod == sendInvoice {
		s.Status = "active"
	}
	if in.Method != nil {
		s.DefaultPaymentMethod = shape.Ref(in.Method.ID)
	}
	items, err := tx.newItems(s.ID, in.Items)
	if err != nil {
		return nil, err
	}
	s.Currency = items[0].Price.Currency
	setItems(s, items)
	s.CurrentPeriodEnd = after(tx.now, items[0].Price.Recurring, 1)
	if in.TrialEnd > tx.now {
		s.Status, s.TrialStart, s.TrialEnd = "trialing", shape.Time(tx.now), shape.Time(in.TrialEnd)
		s.BillingCycleAnchor, s.CurrentPeriodEnd = in.TrialEnd, in.TrialEnd
	}
	if in.Anchor != 0 {
		if in.Anchor > s.CurrentPeriodEnd {
			return nil, shape.Invalid("billing_cycle_anchor", "", "`billing_cycle_anchor` cannot be later than the next natural billing date (%d) of the prices.", s.CurrentPeriodEnd)
		}
		s.BillingCycleAnchor, s.CurrentPeriodEnd = in.Anchor, in.Anchor
	}
	if in.CancelAtEnd {
		planCancel(s, tx.now, true)
	}
	if in.CancelAt != 0 {
		cancelOn(s, tx.now, in.CancelAt)
	}
	in.Payment.apply(&s.PaymentSettings)
	return s, nil
}

// firstLines are the lines of the first invoice. Before a later anchor only the share of a period is charged, or
// nothing when prorations are not wanted.
func (tx *Tx) firstLines(s *shape.Subscription, in start) []shape.Line {
	if in.Anchor == 0 {
		return tx.periodLines(s, s.Items.Data)
	}
	if in.Free {
		return nil
	}
	full := *s
	full.CurrentPeriodStart = after(in.Anchor, s.Items.Data[0].Price.Recurring, -1)
	var lines []shape.Line
	for _, it := range s.Items.Data {
		text := fmt.Sprintf("Time on %s from %s until %s", tx.itemName(it), date(tx.now), date(in.Anchor))
		l := tx.proration(&full, it, tx.now, 1, text)
		l.Type, l.InvoiceItem = "subscription", ""
		lines = append(lines, l)
	}
	return lines
}

// settleCurrency notes the currency of a customer's first subscription; they cannot have another after that.
func (tx *Tx) settleCurrency(c *shape.Customer, currency string) {
	if c.Currency == "" {
		update(tx, "customer.updated", c, func() { c.Currency = shape.Str(currency) })
	}
}

// newItems makes subscription items, refusing what cannot be billed together.
func (tx *Tx) newItems(subscription string, in []ItemInput) ([]shape.SubscriptionItem, error) {
	var items []shape.SubscriptionItem
	for i, it := range in {
		item, err := tx.newItem(subscription, i, it)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, sameInterval(items)
}

func (tx *Tx) newItem(subscription string, i int, in ItemInput) (shape.SubscriptionItem, error) {
	item := shape.SubscriptionItem{
		ID: tx.shortID("si"), Object: "subscription_item", Created: tx.now, Quantity: 1, Subscription: subscription,
		Metadata: shape.Metadata{}.Merge(in.Metadata),
	}
	if err := checkQuantity(fmt.Sprintf("items[%d][quantity]", i), in.Quantity); err != nil {
		return item, err
	}
	set(&item.Quantity, in.Quantity)
	p, err := in.Resolved, error(nil)
	if p == nil {
		p, err = tx.recurringPrice(fmt.Sprintf("items[%d]", i), in)
	}
	if err != nil {
		return item, err
	}
	item.Price, item.Plan = *p, shape.PlanOf(*p)
	return item, nil
}

func checkQuantity(param string, quantity *int64) error {
	if quantity != nil && *quantity < 0 {
		return shape.Invalid(param, "parameter_invalid_integer", "Invalid non-negative integer")
	}
	return nil
}

// recurringPrice finds the price that a parameter names, which must be one that can be subscribed to. One made on
// the spot is only kept by keepPrices.
func (tx *Tx) recurringPrice(param string, in ItemInput) (*shape.Price, error) {
	if in.PriceData != nil {
		d := in.PriceData
		return tx.plannedPrice(param, NewPrice{
			PriceInput: PriceInput{TaxBehavior: d.TaxBehavior}, Currency: d.Currency, Product: d.Product, Recurring: &d.Recurring, UnitAmount: d.UnitAmount,
		})
	}
	p, err := tx.priceOf(param, in.Price, nil)
	if err != nil {
		return nil, err
	}
	if p.Recurring == nil {
		return nil, shape.Invalid(param+"[price]", "", "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.")
	}
	return p, nil
}

// plannedPrice is a price made on the spot that nobody has been told of yet.
func (tx *Tx) plannedPrice(param string, in NewPrice) (*shape.Price, error) {
	p, err := tx.newPrice(in)
	if err != nil {
		var refused *shape.Error
		if errors.As(err, &refused) && refused.Param != "" {
			refused.Param = param + "[price_data][" + refused.Param + "]"
		}
		return nil, err
	}
	p.Active = false // as on Stripe: it cannot be bought again by its id
	tx.planned = append(tx.planned, p)
	return p, nil
}

// keepPrices makes the planned prices real, once everything else is sure.
func (tx *Tx) keepPrices() {
	for _, p := range tx.planned {
		tx.Prices.add(p.ID, p)
		tx.emit("price.created", p)
	}
	tx.planned = nil
}

func sameInterval(items []shape.SubscriptionItem) error {
	if len(items) == 0 {
		return shape.Invalid("items", "parameter_missing", "Missing required param: items.")
	}
	if len(items) > maxItems {
		return shape.Invalid("items", "", "A subscription can have %d items at most.", maxItems)
	}
	first := items[0].Price
	for i, it := range items[1:] {
		if hasPrice(items[:i+1], it.Price.ID) {
			return shape.Invalid("items", "", "Cannot add multiple subscription items with the same price: %s", it.Price.ID)
		}
		if it.Price.Currency != first.Currency {
			return shape.Invalid("items", "", "All prices on a subscription must have the same currency.")
		}
		if *it.Price.Recurring != *first.Recurring {
			return shape.Invalid("items", "", "All prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`.")
		}
	}
	return nil
}

// setItems gives a subscription its items, and the older single plan and quantity where there is only one.
func setItems(s *shape.Subscription, items []shape.SubscriptionItem) {
	s.Items = shape.NewList("/v1/subscription_items?subscription="+s.ID, items...)
	s.Plan, s.Quantity = nil, nil
	if len(items) == 1 {
		quantity := items[0].Quantity
		s.Plan, s.Quantity = items[0].Plan, &quantity
	}
}

// periodLines are the invoice lines of a subscription's current period; a trial costs nothing.
func (tx *Tx) periodLines(s *shape.Subscription, items []shape.SubscriptionItem) []shape.Line {
	var lines []shape.Line
	for _, it := range items {
		text := fmt.Sprintf("%d × %s (at %s / %s)", it.Quantity, tx.productName(it.Price),
			Money(it.Price.UnitAmount, it.Price.Currency), each(it.Price.Recurring))
		amount := it.Price.UnitAmount * it.Quantity
		if s.Status == "trialing" {
			text, amount = "Trial period for "+tx.productName(it.Price), 0
		}
		l := tx.line(it.Price, it.Quantity, amount, text, shape.Period{Start: s.CurrentPeriodStart, End: s.CurrentPeriodEnd})
		l.Type, l.Subscription, l.SubscriptionItem, l.Metadata = "subscription", shape.Ref(s.ID), it.ID, s.Metadata
		lines = append(lines, l)
	}
	return lines
}

// productName is what a price's product is called.
func (tx *Tx) productName(p shape.Price) string {
	if product := tx.Products.get(string(p.Product)); product != nil {
		return product.Name
	}
	return string(p.Product)
}

// methodFor is the card a subscription is paid with: its own, or the customer's.
func (tx *Tx) methodFor(s *shape.Subscription) *shape.PaymentMethod {
	if s == nil {
		return nil
	}
	if pm := tx.PaymentMethods.get(string(s.DefaultPaymentMethod)); pm != nil {
		return pm
	}
	return tx.customerMethod(string(s.Customer))
}

func (tx *Tx) customerMethod(customerID string) *shape.PaymentMethod {
	c := tx.Customers.get(customerID)
	if c == nil {
		return nil
	}
	return tx.PaymentMethods.get(string(c.InvoiceSettings.DefaultPaymentMethod))
}

func ended(s *shape.Subscription) bool {
	return s.Status == "canceled" || s.Status == "incomplete_expired"
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
