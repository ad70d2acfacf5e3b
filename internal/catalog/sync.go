package catalog

import (
	"context"
	"fmt"
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

// Remote is Stripe, as far as the catalog goes. Every method may be repeated.
type Remote interface {
	// RemoteCatalog returns what Stripe has of the catalog.
	RemoteCatalog(ctx context.Context, local billing.Catalog) (billing.RemoteCatalog, error)
	// CreateProduct makes the product under its id; one that exists is updated.
	CreateProduct(ctx context.Context, p billing.RemoteProduct) error
	UpdateProduct(ctx context.Context, p billing.RemoteProduct) error
	// CreatePrice makes a price, moves the lookup key to it and returns its
	// id. Asked twice for the same price, also by two at once, it makes one.
	CreatePrice(ctx context.Context, p billing.RemotePrice) (id string, err error)
	// UpdatePrice writes nickname and metadata, makes the price active, and
	// moves the lookup key to it; an empty key stays where it is.
	UpdatePrice(ctx context.Context, p billing.RemotePrice) error
	DeactivatePrice(ctx context.Context, p billing.RemotePrice) error
	// SavePortal makes the portal's configuration, or writes the one with the id.
	SavePortal(ctx context.Context, p billing.RemotePortal) (id string, err error)
}

// Sync makes Stripe's products, prices and portal what the catalog says, and
// returns what it did. It may be run again at any time, also after it was cut
// off in the middle: it goes on from what it finds. With an error come the
// changes that were made before it.
func Sync(ctx context.Context, remote Remote, local billing.Catalog) ([]Change, error) {
	state, err := remote.RemoteCatalog(ctx, local)
	if err != nil {
		return nil, fmt.Errorf("read what Stripe has: %w", err)
	}
	changes := Diff(local, state)
	created := map[string]string{} // lookup key → id
	for i, change := range changes {
		if err := apply(ctx, remote, change, created); err != nil {
			return changes[:i], fmt.Errorf("%s: %w", strings.TrimSuffix(change.String(), "."), err)
		}
	}
	return changes, nil
}

func apply(ctx context.Context, remote Remote, change Change, created map[string]string) (err error) {
	switch change.Action {
	case CreateProduct:
		return remote.CreateProduct(ctx, change.Product)
	case UpdateProduct:
		return remote.UpdateProduct(ctx, change.Product)
	case CreatePrice:
		created[change.Price.LookupKey], err = remote.CreatePrice(ctx, change.Price)
		return err
	case UpdatePrice:
		return remote.UpdatePrice(ctx, change.Price)
	case DeactivatePrice:
		return remote.DeactivatePrice(ctx, change.Price)
	case SavePortal:
		_, err = remote.SavePortal(ctx, change.Portal.resolve(created))
		return err
	}
	return fmt.Errorf("unknown action %q", change.Action)
}
