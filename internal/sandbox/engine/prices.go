package engine

import (
	"slices"
	"strconv"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// PriceInput changes a price. What a price costs never changes; that takes a new price.
type PriceInput struct {
	Active            *bool             `form:"active"`
	LookupKey         *string           `form:"lookup_key,clear"`
	Metadata          map[string]string `form:"metadata"`
	Nickname          *string           `form:"nickname,clear"`
	TaxBehavior       *string           `form:"tax_behavior" enum:"exclusive|inclusive|unspecified"`
	TransferLookupKey bool              `form:"transfer_lookup_key"`
}

// NewPrice makes a price.
type NewPrice struct {
	PriceInput
	BillingScheme     string          `form:"billing_scheme" enum:"per_unit|tiered"`
	Currency          string          `form:"currency,required"`
	Product           string          `form:"product"`
	ProductData       *PriceProduct   `form:"product_data"`
	Recurring         *RecurringInput `form:"recurring"`
	Tiers             []TierInput     `form:"tiers"`
	TiersMode         string          `form:"tiers_mode" enum:"graduated|volume"`
	UnitAmount        *int64          `form:"unit_amount"`
	UnitAmountDecimal string          `form:"unit_amount_decimal"`
}

// PriceProduct makes the price's product along with it.
type PriceProduct struct {
	Active              *bool             `form:"active"`
	ID                  string            `form:"id"`
	Metadata            map[string]string `form:"metadata"`
	Name                string            `form:"name,required"`
	StatementDescriptor *string           `form:"statement_descriptor"`
	TaxCode             *string           `form:"tax_code"`
	UnitLabel           *string           `form:"unit_label"`
}

// RecurringInput is how often a price is charged.
type RecurringInput struct {
	Interval      string `form:"interval,required" enum:"day|week|month|year"`
	IntervalCount *int64 `form:"interval_count"`
	UsageType     string `form:"usage_type" enum:"licensed|metered"`
}

// TierInput is here to be refused in words.
type TierInput struct {
	FlatAmount        *int64 `form:"flat_amount"`
	FlatAmountDecimal string `form:"flat_amount_decimal"`
	UnitAmount        *int64 `form:"unit_amount"`
	UnitAmountDecimal string `form:"unit_amount_decimal"`
	UpTo              string `form:"up_to,required"`
}

// PriceList asks for prices.
type PriceList struct {
	Page
	Made
	Active     *bool         `form:"active"`
	Currency   string        `form:"currency"`
	LookupKeys []string      `form:"lookup_keys"`
	Product    string        `form:"product"`
	Recurring  *PriceListing `form:"recurring"`
	Type       string        `form:"type" enum:"one_time|recurring"`
}

// PriceListing narrows a list to an interval.
type PriceListing struct {
	Interval  string `form:"interval" enum:"day|week|month|year"`
	UsageType string `form:"usage_type" enum:"licensed|metered"`
}

// CreatePrice makes a price, with its product when product_data is given.
func (tx *Tx) CreatePrice(in NewPrice) (any, error) {
	p, err := tx.newPrice(in)
	if err != nil {
		return nil, err
	}
	if in.ProductData != nil {
		made, err := tx.CreateProduct(in.ProductData.product())
		if err != nil {
			return nil, err
		}
		p.Product = shape.Ref(made.(*shape.Product).ID)
	}
	if err := tx.claimLookupKey("", in.PriceInput); err != nil {
		return nil, err
	}
	tx.Prices.add(p.ID, p)
	tx.emit("price.created", p)
	return p, nil
}

// newPrice is a price as asked for. Nothing is kept of it yet.
func (tx *Tx) newPrice(in NewPrice) (*shape.Price, error) {
	amount, err := in.check(tx)
	if err != nil {
		return nil, err
	}
	if holder := tx.lookupKeyHolder("", in.LookupKey); holder != nil && !in.TransferLookupKey {
		return nil, lookupKeyTaken(holder)
	}
	p := &shape.Price{
		ID: tx.longID("price"), Object: "price", Active: true, BillingScheme: "per_unit", Created: tx.now, Currency: in.Currency,
		Product: shape.Ref(in.Product), Recurring: in.Recurring.shape(), TaxBehavior: "unspecified", Type: "one_time",
		UnitAmount: amount, UnitAmountDecimal: strconv.FormatInt(amount, 10),
	}
	if p.Recurring != nil {
		p.Type = "recurring"
	}
	in.apply(p)
	return p, nil
}

// check answers the amount in minor units.
func (in NewPrice) check(tx *Tx) (int64, error) {
	if in.BillingScheme == "tiered" || in.Tiers != nil || in.TiersMode != "" {
		return 0, shape.Invalid("billing_scheme", "", "The sandbox has no tiered prices yet: use billing_scheme per_unit with unit_amount.")
	}
	if in.Recurring != nil && in.Recurring.UsageType == "metered" {
		return 0, shape.Invalid("recurring[usage_type]", "", "The sandbox has no metered prices yet: use usage_type licensed.")
	}
	if !knownCurrency(in.Currency) {
		return 0, shape.Invalid("currency", "", "Invalid currency: %s. It must be a three-letter code in lower case.", in.Currency)
	}
	if (in.Product == "") == (in.ProductData == nil) {
		return 0, shape.Invalid("product", "parameter_missing", "You must specify either `product` or `product_data` when creating a price.")
	}
	if in.Product != "" && tx.Products.get(in.Product) == nil {
		return 0, shape.Missing("product", "product", in.Product)
	}
	return in.amount()
}

func (in NewPrice) amount() (int64, error) {
	if in.UnitAmount == nil && in.UnitAmountDecimal == "" {
		return 0, shape.Invalid("unit_amount", "parameter_missing", "Missing required param: unit_amount.")
	}
	if in.UnitAmount != nil {
		if *in.UnitAmount < 0 {
			return 0, shape.Invalid("unit_amount", "parameter_invalid_integer", "Invalid non-negative integer")
		}
		return *in.UnitAmount, nil
	}
	amount, err := strconv.ParseInt(in.UnitAmountDecimal, 10, 64)
	if err != nil || amount < 0 {
		return 0, shape.Invalid("unit_amount_decimal", "", "The sandbox takes whole minor units only: %s", in.UnitAmountDecimal)
	}
	return amount, nil
}

func knownCurrency(code string) bool {
	if len(code) != 3 {
		return false
	}
	for _, c := range code {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

func (p *PriceProduct) product() NewProduct {
	return NewProduct{ID: p.ID, ProductInput: ProductInput{
		Active: p.Active, Metadata: p.Metadata, Name: &p.Name,
		StatementDescriptor: p.StatementDescriptor, TaxCode: p.TaxCode, UnitLabel: p.UnitLabel,
	}}
}

func (r *RecurringInput) shape() *shape.Recurring {
	if r == nil {
		return nil
	}
	out := &shape.Recurring{Interval: r.Interval, IntervalCount: 1, UsageType: "licensed"}
	set(&out.IntervalCount, r.IntervalCount)
	return out
}

// claimLookupKey frees a lookup key from the price that has it, when the caller asked for that; otherwise a key
// in use is refused.
func (tx *Tx) claimLookupKey(id string, in PriceInput) error {
	p := tx.lookupKeyHolder(id, in.LookupKey)
	if p == nil {
		return nil
	}
	if !in.TransferLookupKey {
		return lookupKeyTaken(p)
	}
	update(tx, "price.updated", p, func() { p.LookupKey = "" })
	return nil
}

// lookupKeyHolder is the other price that has a lookup key, if any.
func (tx *Tx) lookupKeyHolder(id string, key *string) *shape.Price {
	if key == nil || *key == "" {
		return nil
	}
	for _, p := range tx.Prices.all() {
		if string(p.LookupKey) == *key && p.ID != id {
			return p
		}
	}
	return nil
}

func lookupKeyTaken(p *shape.Price) error {
	return shape.Invalid("lookup_key", "resource_already_exists", "A price (`%s`) already uses that lookup key.", p.ID)
}

func (in PriceInput) apply(p *shape.Price) {
	set(&p.Active, in.Active)
	setStr(&p.LookupKey, in.LookupKey)
	setStr(&p.Nickname, in.Nickname)
	set(&p.TaxBehavior, in.TaxBehavior)
	p.Metadata = p.Metadata.Merge(in.Metadata)
}

// GetPrice answers a price.
func (tx *Tx) GetPrice(id string, _ NoInput) (any, error) {
	return found(tx.Prices.get(id), "price", "price", id)
}

// UpdatePrice changes what may be changed of a price.
func (tx *Tx) UpdatePrice(id string, in PriceInput) (any, error) {
	p := tx.Prices.get(id)
	if p == nil {
		return nil, shape.NotFound("price", "price", id)
	}
	if product := tx.Products.get(string(p.Product)); product != nil && string(product.DefaultPrice) == id && in.Active != nil && !*in.Active {
		return nil, shape.Invalid("active", "", "This price cannot be archived because it is the default price of its product.")
	}
	if err := tx.claimLookupKey(id, in); err != nil {
		return nil, err
	}
	update(tx, "price.updated", p, func() { in.apply(p) })
	return p, nil
}

// ListPrices answers prices, newest first.
func (tx *Tx) ListPrices(in PriceList) (any, error) {
	return list("/v1/prices", in.Page, tx.Prices.newestOf(in.Product), func(p *shape.Price) bool {
		return is(in.Active, p.Active) && matches(in.Currency, p.Currency) && matches(in.Product, string(p.Product)) &&
			matches(in.Type, p.Type) && in.Created.Has(p.Created) && in.Recurring.has(p) &&
			(len(in.LookupKeys) == 0 || slices.Contains(in.LookupKeys, string(p.LookupKey)))
	})
}

func (l *PriceListing) has(p *shape.Price) bool {
	if l == nil {
		return true
	}
	return p.Recurring != nil && matches(l.Interval, p.Recurring.Interval) && matches(l.UsageType, p.Recurring.UsageType)
}
