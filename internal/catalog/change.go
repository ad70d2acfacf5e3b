package catalog

import (
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

// Action is what a Change does.
type Action string

const (
	CreateProduct   Action = "create product"
	UpdateProduct   Action = "update product"
	CreatePrice     Action = "create price"
	UpdatePrice     Action = "update price" // take over, offer again, or write the lookup key
	DeactivatePrice Action = "deactivate price"
	SavePortal      Action = "save portal"
)

// Change is one call that brings Stripe nearer to the plans file.
type Change struct {
	Action  Action
	Product billing.RemoteProduct // CreateProduct, UpdateProduct: as it shall be
	Price   billing.RemotePrice   // CreatePrice, UpdatePrice: as it shall be; DeactivatePrice: as it is
	Portal  Portal                // SavePortal: as it shall be

	text string
}

// String says in a sentence what the change does.
func (c Change) String() string { return c.text }

// Portal is the portal's configuration with prices that may not exist yet:
// those stand in it by lookup key.
type Portal struct{ billing.RemotePortal }

// byLookupKey marks a price that will have an id once it is created. Plan names
// hold no colon, so it cannot be mistaken.
const byLookupKey = "lookup_key:"

func (p Portal) resolve(created map[string]string) billing.RemotePortal {
	out := p.RemotePortal
	out.Products = nil
	for _, product := range p.Products {
		ids := make([]string, len(product.PriceIDs))
		for i, id := range product.PriceIDs {
			if key, pending := strings.CutPrefix(id, byLookupKey); pending {
				id = created[key]
			}
			ids[i] = id
		}
		out.Products = append(out.Products, billing.PortalProduct{ProductID: product.ProductID, PriceIDs: ids})
	}
	return out
}
