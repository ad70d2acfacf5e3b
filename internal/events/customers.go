package events

import (
	"context"

	"github.com/payloop/payloop/internal/billing"
)

// customerJSON is Stripe's Customer: https://docs.stripe.com/api/customers/object
type customerJSON struct {
	ID       string            `json:"id"`
	Email    string            `json:"email"`
	Deleted  bool              `json:"deleted"`
	Metadata map[string]string `json:"metadata"`
}

func (j customerJSON) object() Object {
	return &customer{billing.Customer{
		ID:      j.ID,
		UserID:  j.Metadata[metaUser],
		Email:   j.Email,
		Deleted: j.Deleted,
	}}
}

type customer struct{ billing.Customer }

func (c *customer) Ref() billing.ObjectRef {
	return billing.ObjectRef{Kind: billing.CustomerObject, ID: c.ID}
}

func (c *customer) Needs() []billing.ObjectRef { return nil }

// Apply links the customer to the user that its metadata names; never by
// e-mail, which people share and change. A customer that names nobody here
// belongs to something else in the same Stripe account.
func (c *customer) Apply(ctx context.Context, tx Tx, w Write) error {
	row := c.Customer
	if !w.Version.Known {
		userID, err := tx.UserIDByReference(ctx, row.UserID)
		if err != nil || userID == "" {
			return err
		}
	}
	return tx.PutCustomer(ctx, row, w.AsOf, w.Version)
}
