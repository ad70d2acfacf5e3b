package doctor

import (
	"context"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
)

const (
	checkPrices = "prices"
	checkPortal = "portal"
)

// catalog looks whether Stripe has what the plans file sells.
func (d *Doctor) catalog(ctx context.Context, stripe bool) {
	why := ""
	var remote billing.RemoteCatalog
	switch {
	case d.CatalogErr != nil:
		why = "The plans file cannot be read."
	case !stripe:
		why = "Stripe could not be asked."
	default:
		var err error
		if remote, err = d.Stripe.RemoteCatalog(ctx, d.Catalog); err != nil {
			d.found(checkPrices, Problem, "They cannot be looked at: %s.", reason(err))
			why = "It is looked at together with the prices."
		}
	}
	if why != "" {
		if d.CatalogErr != nil || !stripe {
			d.found(checkPrices, Skipped, "%s", why)
		}
		d.found(checkPortal, Skipped, "%s", why)
		return
	}
	changes := catalog.Diff(d.Catalog, remote)
	d.prices(remote, changes)
	d.portal(remote, changes)
}

func (d *Doctor) prices(remote billing.RemoteCatalog, changes []catalog.Change) {
	well := true
	for _, text := range catalog.Mismatches(d.Catalog, remote) {
		well = false
		d.found(checkPrices, Problem, "%s Correct STRIPE_PRICE_IDS_TIER1 and STRIPE_PRICE_IDS_TIER2, or the plans file.", text)
	}
	for _, c := range changes {
		switch c.Action {
		case catalog.SavePortal:
			continue
		case catalog.UpdateProduct, catalog.DeactivatePrice:
			d.found(checkPrices, Warning, "Stripe is not as the plans file says. `payloop catalog sync` would: %s", c)
		default:
			d.found(checkPrices, Problem, "What the plans file sells is not for sale in Stripe. Run `payloop catalog sync`, which would: %s", c)
		}
		well = false
	}
	if well {
		d.found(checkPrices, OK, "Stripe has every price of the plans file, with its amount.")
	}
}

func (d *Doctor) portal(remote billing.RemoteCatalog, changes []catalog.Change) {
	for _, c := range changes {
		switch {
		case c.Action != catalog.SavePortal:
			continue
		case remote.Portal == nil:
			d.found(checkPortal, Problem, "The customer portal is not set up, so nobody can change a plan or a card. Run `payloop catalog sync`.")
		default:
			d.found(checkPortal, Warning, "The customer portal is not as the plans file says. `payloop catalog sync` would: %s", c)
		}
		return
	}
	d.found(checkPortal, OK, "The customer portal is set up (%s).", remote.Portal.ID)
}
