package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

// Diff says what has to be done so that Stripe has what the plans file says, in
// an order that may be cut off anywhere: products, then prices, then the portal
// that offers them, and what is no longer offered goes last. A price is never
// changed: a new one takes its lookup key, in one call of Stripe's, so there is
// no moment without a price to buy.
//
// Prices that the operator named by id are left alone.
func Diff(local billing.Catalog, remote billing.RemoteCatalog) []Change {
	d := differ{local: local, remote: remote, kept: map[string]bool{}, taken: map[string]bool{}}
	for _, plan := range local.Plans {
		if !plan.Free() {
			d.plan(plan)
		}
	}
	d.savePortal()
	d.retire()
	return d.changes
}

type differ struct {
	local   billing.Catalog
	remote  billing.RemoteCatalog
	changes []Change

	kept   map[string]bool         // ids of prices that stay as they are, or become so
	taken  map[string]bool         // ids of prices that were nobody's before this diff
	portal []billing.PortalProduct // what subscribers can change to
}

func (d *differ) add(c Change, format string, args ...any) {
	c.text = fmt.Sprintf(format, args...)
	d.changes = append(d.changes, c)
}

func (d *differ) plan(plan billing.Plan) {
	var product billing.RemoteProduct
	if slices.ContainsFunc(plan.Prices, func(p billing.Price) bool { return p.StripeID == "" }) {
		product = d.product(plan)
	}
	for _, p := range plan.Prices {
		productID, priceID := "", p.StripeID
		if p.StripeID == "" {
			productID, priceID = d.price(plan, p, product)
		} else if named, ok := d.priceByID(p.StripeID); ok && named.Interval.Recurring() {
			productID = named.ProductID
		}
		d.kept[priceID] = true
		if p.Interval.Recurring() && productID != "" {
			d.offerInPortal(productID, priceID)
		}
	}
}

// product decides which product sells the plan, and how it shall be.
func (d *differ) product(plan billing.Plan) billing.RemoteProduct {
	want := billing.RemoteProduct{
		ID:          ProductID(plan),
		Name:        d.local.Product.Name + " " + plan.Name,
		Description: plan.Description,
		Plan:        plan.Name,
		Active:      true,
	}
	have, ok := d.productOf(plan)
	if !ok {
		d.add(Change{Action: CreateProduct, Product: want}, "Create the product %s (%s).", want.Name, want.ID)
		return want
	}
	want.ID = have.ID
	if have != want {
		d.add(Change{Action: UpdateProduct, Product: want}, "Update the product %s (%s): %s.", want.Name, want.ID, productChanges(have, want))
	}
	return want
}

// ProductID is the id under which a plan's product is made. Because it is fixed,
// two syncs at once, or one that is repeated, make one product.
func ProductID(plan billing.Plan) string { return "payloop_" + strings.ToLower(plan.Name) }

// productOf finds the plan's product: the one that a sync made; else one that
// was taken over before; else the one of a price that holds one of the plan's
// lookup keys, which somebody made by hand.
func (d *differ) productOf(plan billing.Plan) (billing.RemoteProduct, bool) {
	if p, ok := d.productByID(ProductID(plan)); ok {
		return p, true
	}
	var best billing.RemoteProduct
	for _, p := range d.remote.Products {
		if strings.EqualFold(p.Plan, plan.Name) && (best.ID == "" || p.ID < best.ID) {
			best = p
		}
	}
	if best.ID != "" {
		return best, true
	}
	for _, price := range plan.Prices {
		if holder, ok := d.holder(price.LookupKey()); ok && price.StripeID == "" {
			if p, ok := d.productByID(holder.ProductID); ok && p.Active && p.Plan == "" {
				return p, true
			}
		}
	}
	return billing.RemoteProduct{}, false
}

func productChanges(have, want billing.RemoteProduct) string {
	var what []string
	if !have.Active {
		what = append(what, "make it active again")
	}
	if have.Plan != want.Plan {
		what = append(what, "it sells the plan "+want.Plan)
	}
	if have.Name != want.Name {
		what = append(what, fmt.Sprintf("it was called %q", have.Name))
	}
	if have.Description != want.Description {
		what = append(what, "a new description")
	}
	return strings.Join(what, ", ")
}

// price decides which Stripe price sells the plan by that interval, and returns
// its product and its id, or what stands for the id while it does not exist.
func (d *differ) price(plan billing.Plan, p billing.Price, product billing.RemoteProduct) (productID, priceID string) {
	want := billing.RemotePrice{
		ProductID: product.ID,
		Nickname:  plan.Name + ", " + intervalWords[p.Interval],
		LookupKey: p.LookupKey(),
		Plan:      plan.Name,
		Interval:  p.Interval,
		Money:     p.Money,
		Active:    true,
	}
	have, found := d.match(want)
	holder, held := d.holder(want.LookupKey)
	if held && holder.Plan == "" && holder.ID != have.ID && !d.named(holder.ID) {
		d.takeOver(holder, want)
	}
	if found {
		want.ID, want.ProductID, want.Default = have.ID, have.ProductID, have.Default
		if have != want {
			d.add(Change{Action: UpdatePrice, Price: want}, "%s.", priceChange(have, want))
		}
		return want.ProductID, want.ID
	}
	change := Change{Action: CreatePrice, Price: want}
	if held {
		d.add(change, "Replace the price %s: %s becomes %s; whoever subscribes already keeps paying the old price.",
			want.LookupKey, describe(holder.Money, holder.Interval), describe(want.Money, want.Interval))
	} else {
		d.add(change, "Create the price %s: %s.", want.LookupKey, describe(want.Money, want.Interval))
	}
	return want.ProductID, byLookupKey + want.LookupKey
}

var intervalWords = map[billing.Interval]string{
	billing.Month: "by the month", billing.Year: "by the year", billing.Once: "once",
}

// takeOver marks a price that was made by hand, before it loses the lookup key:
// by the mark its subscribers keep their plan, and a sync that goes on after a
// crash knows that it has to be retired.
func (d *differ) takeOver(holder, want billing.RemotePrice) {
	d.taken[holder.ID] = true
	marked := holder
	marked.Plan, marked.Nickname = want.Plan, want.Nickname
	marked.LookupKey = "" // left where it is, or another sync has moved it on
	d.add(Change{Action: UpdatePrice, Price: marked}, "Take over the price %s (%s), so that whoever subscribes to it keeps the plan %s.",
		holder.ID, describe(holder.Money, holder.Interval), want.Plan)
}

// match finds a price that costs what is wanted: the one with the lookup key,
// else one of ours, active or retired.
func (d *differ) match(want billing.RemotePrice) (billing.RemotePrice, bool) {
	var best billing.RemotePrice
	for _, p := range d.remote.Prices {
		if p.Interval != want.Interval || p.Money != want.Money || !d.usable(p.ProductID, want.ProductID) {
			continue
		}
		holds := p.Active && p.LookupKey == want.LookupKey
		if !holds && !strings.EqualFold(p.Plan, want.Plan) || d.named(p.ID) {
			continue
		}
		if best.ID == "" || preferred(p, best, want.LookupKey) {
			best = p
		}
	}
	return best, best.ID != ""
}

func preferred(a, b billing.RemotePrice, lookupKey string) bool {
	rank := func(p billing.RemotePrice) int {
		switch {
		case p.Active && p.LookupKey == lookupKey:
			return 2
		case p.Active:
			return 1
		}
		return 0
	}
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra > rb
	}
	return a.ID < b.ID
}

func priceChange(have, want billing.RemotePrice) string {
	name := fmt.Sprintf("the price %s (%s, %s)", want.LookupKey, have.ID, describe(want.Money, want.Interval))
	switch {
	case !have.Active:
		return "Offer " + name + " again"
	case have.Plan == "":
		return "Take over " + name + ", which has the lookup key already"
	case have.LookupKey != want.LookupKey:
		return "Give " + name + " its lookup key"
	}
	return "Write the names of " + name
}

// savePortal writes the portal's configuration if it is not as it shall be.
func (d *differ) savePortal() {
	for _, p := range d.portal {
		slices.Sort(p.PriceIDs)
	}
	slices.SortFunc(d.portal, func(a, b billing.PortalProduct) int { return strings.Compare(a.ProductID, b.ProductID) })
	want := billing.RemotePortal{Headline: headline(d.local.Product.Name), Products: d.portal, Current: true}
	have := d.remote.Portal
	if have == nil {
		d.add(Change{Action: SavePortal, Portal: Portal{want}}, "Set up the customer portal: invoices, card, change of plan, cancellation.")
		return
	}
	want.ID = have.ID
	sameProducts := slices.EqualFunc(have.Products, want.Products, func(a, b billing.PortalProduct) bool {
		return a.ProductID == b.ProductID && slices.Equal(a.PriceIDs, b.PriceIDs)
	})
	var what []string
	if !sameProducts {
		what = append(what, "the prices that subscribers can change to")
	}
	if have.Headline != want.Headline {
		what = append(what, "its headline")
	}
	if !have.Current {
		what = append(what, "its settings")
	}
	if len(what) > 0 {
		d.add(Change{Action: SavePortal, Portal: Portal{want}}, "Update the customer portal (%s): %s.", want.ID, strings.Join(what, ", "))
	}
}

func headline(product string) string {
	const most = 60 // Stripe's limit
	for _, s := range []string{"Your " + product + " plan, payments and invoices", product} {
		if len([]rune(s)) <= most {
			return s
		}
	}
	return string([]rune(product)[:most])
}

func (d *differ) offerInPortal(productID, priceID string) {
	i := slices.IndexFunc(d.portal, func(p billing.PortalProduct) bool { return p.ProductID == productID })
	if i < 0 {
		i = len(d.portal)
		d.portal = append(d.portal, billing.PortalProduct{ProductID: productID})
	}
	d.portal[i].PriceIDs = append(d.portal[i].PriceIDs, priceID)
}

// retire takes off sale what is ours and no longer in the plans file.
func (d *differ) retire() {
	for _, p := range d.remote.Prices {
		ours := p.Plan != "" || d.taken[p.ID]
		if !p.Active || !ours || d.kept[p.ID] || d.named(p.ID) {
			continue
		}
		d.add(Change{Action: DeactivatePrice, Price: p}, "Deactivate the price %s (%s): the plans file does not offer it. Whoever subscribes to it keeps it.",
			p.ID, describe(p.Money, p.Interval))
	}
}

// named says whether the operator named the price by id.
func (d *differ) named(id string) bool {
	for _, plan := range d.local.Plans {
		if slices.ContainsFunc(plan.Prices, func(p billing.Price) bool { return p.StripeID == id }) {
			return true
		}
	}
	return false
}

// usable says whether a price on the product can be bought, or will be.
func (d *differ) usable(productID, planProductID string) bool {
	if productID == planProductID {
		return true
	}
	p, ok := d.productByID(productID)
	return ok && p.Active
}

func (d *differ) holder(lookupKey string) (billing.RemotePrice, bool) {
	for _, p := range d.remote.Prices {
		if p.Active && p.LookupKey == lookupKey {
			return p, true
		}
	}
	return billing.RemotePrice{}, false
}

func (d *differ) productByID(id string) (billing.RemoteProduct, bool) {
	i := slices.IndexFunc(d.remote.Products, func(p billing.RemoteProduct) bool { return p.ID == id })
	if i < 0 {
		return billing.RemoteProduct{}, false
	}
	return d.remote.Products[i], true
}

func (d *differ) priceByID(id string) (billing.RemotePrice, bool) {
	i := slices.IndexFunc(d.remote.Prices, func(p billing.RemotePrice) bool { return p.ID == id })
	if i < 0 {
		return billing.RemotePrice{}, false
	}
	return d.remote.Prices[i], true
}

// Mismatches says where a price that the operator named by id is not what the
// plans file says it is: the pricing page would then promise another price than
// the one that is charged.
func Mismatches(local billing.Catalog, remote billing.RemoteCatalog) []string {
	d := differ{local: local, remote: remote}
	var out []string
	for _, plan := range local.Plans {
		for _, p := range plan.Prices {
			have, ok := d.priceByID(p.StripeID)
			if p.StripeID == "" || !ok {
				continue
			}
			if have.Money != p.Money || have.Interval != p.Interval {
				out = append(out, fmt.Sprintf("The plan %s: Stripe charges %s by %s, the plans file says %s.",
					plan.Name, describe(have.Money, have.Interval), have.ID, describe(p.Money, p.Interval)))
			}
			if !have.Active {
				out = append(out, fmt.Sprintf("The plan %s: the price %s is not active in Stripe, so nobody can buy it.", plan.Name, have.ID))
			}
		}
	}
	return out
}
