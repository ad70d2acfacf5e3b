package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// How many a buyer may make of an item unless told otherwise, and at most, from Stripe's documentation.
const (
	defaultMaxQuantity = 99
	maxQuantity        = 999_999
)

// quantityRange is how many a buyer may make of an item.
type quantityRange struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

func (a *AdjustableQuantity) bounds() quantityRange {
	r := quantityRange{Min: 1, Max: defaultMaxQuantity}
	set(&r.Min, a.Minimum)
	set(&r.Max, a.Maximum)
	return r
}

// check refuses bounds that the quantity is not within. Every item stays: a buyer cannot make it none.
func (a *AdjustableQuantity) check(param string, quantity int64) error {
	if a == nil || !a.Enabled {
		return nil
	}
	param += "[adjustable_quantity]"
	switch r := a.bounds(); {
	case r.Min < 1:
		return shape.Invalid(param+"[minimum]", "", "The sandbox keeps every item: use a minimum of at least 1.")
	case r.Max > maxQuantity || r.Max < r.Min:
		return shape.Invalid(param+"[maximum]", "", "The maximum must be between the minimum and %d.", maxQuantity)
	case quantity < r.Min || quantity > r.Max:
		return shape.Invalid(param, "", "The quantity must be between the minimum (%d) and the maximum (%d).", r.Min, r.Max)
	}
	return nil
}

func adjustable(in []LineItemInput, items []shape.Item) map[string]quantityRange {
	out := map[string]quantityRange{}
	for i, li := range in {
		if a := li.AdjustableQuantity; a != nil && a.Enabled {
			out[items[i].ID] = a.bounds()
		}
	}
	return out
}

// SetQuantity changes how many a buyer wants of an item of an open session.
func (tx *Tx) SetQuantity(id, item string, quantity int64) error {
	s, err := tx.openSession(id)
	if err != nil {
		return err
	}
	p := tx.Purchases.get(id)
	r, ok := p.Adjustable[item]
	if !ok {
		return shape.Invalid("quantity", "", "The quantity of this item cannot be changed.")
	}
	if quantity < r.Min || quantity > r.Max {
		return shape.Invalid("quantity", "", "Enter a quantity between %d and %d.", r.Min, r.Max)
	}
	for i := range p.Items {
		if p.Items[i].ID == item {
			p.Items[i].Quantity = quantity
		}
	}
	tx.sumUp(s, p)
	return nil
}
