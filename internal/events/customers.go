package events

import "github.com/payloop/payloop/internal/billing"

// customerDeleted carries the customer as it was: that it is gone is told by
// the type alone. Asked for, a deleted customer says so itself.
const customerDeleted = "customer.deleted"

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

// Owner is the user that the metadata names.
func (c *customer) Owner() billing.Owner { return billing.Owner{Reference: c.UserID} }

// Change links the customer to its user. One that names nobody here belongs to
// something else in the same Stripe account.
func (c *customer) Change(w Write) (billing.Change, error) {
	change := w.change(c)
	row := c.Customer
	row.Deleted = row.Deleted || w.EventType == customerDeleted
	if w.Version.Known || w.UserID != "" {
		change.Customer = &row
	}
	return change, nil
}
