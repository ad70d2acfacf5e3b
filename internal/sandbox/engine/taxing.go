package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Tax is one flat rate, in hundredths of a percent.
const (
	defaultTaxRate = 1000 // 10 %
	wholeTaxRate   = 100 * 100
)

// ParseTaxRate reads a percentage with up to two decimals as hundredths of a percent; nil is the default.
func ParseTaxRate(percent string) (*int64, error) {
	if percent == "" {
		return nil, nil
	}
	whole, decimals, _ := strings.Cut(strings.TrimSuffix(percent, "%"), ".")
	rate, err := strconv.ParseUint(whole+(decimals + "00")[:max(2, len(decimals))], 10, 32)
	if err != nil || len(decimals) > 2 || whole == "" || rate > wholeTaxRate {
		return nil, fmt.Errorf("a tax rate is a percentage between 0 and 100 with up to two decimals, such as 8.25, not %q", percent)
	}
	out := int64(rate)
	return &out, nil
}

// taxLines computes the tax of an invoice with automatic tax, line by line, after the discounts. It answers how much
// is included in the lines' amounts and how much is added to them.
func (tx *Tx) taxLines(inv *shape.Invoice) (included, added int64) {
	inv.Tax, inv.TotalTaxAmounts, inv.AutomaticTax = nil, nil, taxSetting(inv.AutomaticTax.Enabled)
	for i := range inv.Lines.Data {
		l := &inv.Lines.Data[i]
		l.TaxAmounts, l.AmountExcludingTax, l.UnitAmountExcludingTax = nil, l.Amount, strconv.FormatInt(unitAmount(l), 10)
		if !inv.AutomaticTax.Enabled {
			continue
		}
		t := tx.lineTax(l, string(inv.CustomerTaxExempt))
		l.TaxAmounts = append(l.TaxAmounts, t)
		addTax(inv, t)
		if t.Inclusive {
			included += t.Amount
		} else {
			added += t.Amount
		}
	}
	if inv.AutomaticTax.Enabled {
		tax := included + added
		inv.Tax = &tax
	}
	return included, added
}

func taxSetting(enabled bool) shape.AutomaticTax {
	if !enabled {
		return shape.AutomaticTax{}
	}
	return shape.AutomaticTax{Enabled: true, Liability: &shape.Issuer{Type: "self"}, Status: "complete"}
}

func subscriptionTax(enabled bool) shape.SubscriptionTax {
	setting := taxSetting(enabled)
	return shape.SubscriptionTax{Enabled: setting.Enabled, Liability: setting.Liability}
}

// lineTax is the tax of one line; inclusive prices contain it, to others it is added.
func (tx *Tx) lineTax(l *shape.Line, exempt string) shape.TaxAmount {
	net := l.Amount
	for _, d := range l.DiscountAmounts {
		net -= d.Amount
	}
	t := shape.TaxAmount{Inclusive: l.Price.TaxBehavior == "inclusive", TaxabilityReason: "standard_rated"}
	t.TaxRate = shape.Ref(tx.taxRate(t.Inclusive).ID)
	switch exempt {
	case "exempt":
		t.TaxabilityReason = "customer_exempt"
		return t
	case "reverse":
		t.TaxabilityReason = "reverse_charge"
		return t
	}
	rate := *tx.e.opts.TaxRate
	if !t.Inclusive {
		t.Amount, t.TaxableAmount = share(net, rate, wholeTaxRate), net
		return t
	}
	t.Amount = share(net, rate, wholeTaxRate+rate)
	t.TaxableAmount = net - t.Amount
	l.AmountExcludingTax = l.Amount - share(l.Amount, rate, wholeTaxRate+rate)
	l.UnitAmountExcludingTax = decimal(float64(unitAmount(l)) * wholeTaxRate / float64(wholeTaxRate+rate))
	return t
}

// taxIncluded reports whether all prices contain their tax.
func taxIncluded(items []shape.Item) bool {
	return !slices.ContainsFunc(items, func(it shape.Item) bool { return it.Price.TaxBehavior != "inclusive" })
}

func unitAmount(l *shape.Line) int64 { return l.Price.UnitAmount }

// decimal writes a fraction of a minor unit as Stripe does, with as many of up to twelve digits as it needs.
func decimal(v float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.12f", v), "0"), ".")
}

// addTax adds the tax of a line to the invoice's, which is told by rate.
func addTax(inv *shape.Invoice, t shape.TaxAmount) {
	i := slices.IndexFunc(inv.TotalTaxAmounts, func(o shape.TaxAmount) bool { return o.TaxRate == t.TaxRate })
	if i < 0 {
		inv.TotalTaxAmounts = append(inv.TotalTaxAmounts, t)
		return
	}
	inv.TotalTaxAmounts[i].Amount += t.Amount
	inv.TotalTaxAmounts[i].TaxableAmount += t.TaxableAmount
}

// taxRate is the object that tax amounts name; there is one for tax that prices include, and one for tax added to them.
func (tx *Tx) taxRate(inclusive bool) *shape.TaxRate {
	percent := float64(*tx.e.opts.TaxRate) / 100
	for _, r := range tx.TaxRates.all() {
		if r.Inclusive == inclusive && r.Percentage == percent {
			return r
		}
	}
	r := &shape.TaxRate{
		ID: tx.longID("txr"), Object: "tax_rate", Active: true, Created: tx.now, DisplayName: "Tax", EffectivePercentage: &percent,
		Inclusive: inclusive, Percentage: percent, TaxType: "sales_tax",
	}
	return tx.TaxRates.add(r.ID, r)
}

// TaxRateList asks for tax rates.
type TaxRateList struct {
	Page
	Made
	Active    *bool `form:"active"`
	Inclusive *bool `form:"inclusive"`
}

// GetTaxRate answers a tax rate.
func (tx *Tx) GetTaxRate(id string, _ NoInput) (any, error) {
	return found(tx.TaxRates.get(id), "tax_rate", "tax rate", id)
}

// ListTaxRates answers the tax rates that automatic tax has used, newest first.
func (tx *Tx) ListTaxRates(in TaxRateList) (any, error) {
	return list("/v1/tax_rates", in.Page, tx.TaxRates.newest(), func(r *shape.TaxRate) bool {
		return is(in.Active, r.Active) && is(in.Inclusive, r.Inclusive) && in.Created.Has(r.Created)
	})
}
