package events

import "github.com/payloop/payloop/internal/billing"

// subscriptionJSON is Stripe's Subscription at the pinned API version:
// https://docs.stripe.com/api/subscriptions/object
type subscriptionJSON struct {
	ID                string          `json:"id"`
	Customer          expandable      `json:"customer"`
	Status            string          `json:"status"`
	CurrentPeriodFrom unix            `json:"current_period_start"`
	CurrentPeriodEnd  unix            `json:"current_period_end"`
	CancelAtPeriodEnd bool            `json:"cancel_at_period_end"`
	CancelAt          unix            `json:"cancel_at"`
	CanceledAt        unix            `json:"canceled_at"`
	EndedAt           unix            `json:"ended_at"`
	TrialEnd          unix            `json:"trial_end"`
	PauseCollection   *struct{}       `json:"pause_collection"`
	LatestInvoice     expandable      `json:"latest_invoice"`
	Created           unix            `json:"created"`
	Items             subscriptionRow `json:"items"`
}

type subscriptionRow struct {
	Data []struct {
		ID       string    `json:"id"`
		Price    priceJSON `json:"price"`
		Quantity int64     `json:"quantity"`
	} `json:"data"`
}

func (j subscriptionJSON) object() Object {
	sub := billing.Subscription{
		ID:                j.ID,
		CustomerID:        j.Customer.ID,
		Status:            billing.SubscriptionStatus(j.Status),
		PeriodStart:       j.CurrentPeriodFrom.time(),
		PeriodEnd:         j.CurrentPeriodEnd.time(),
		CancelAtPeriodEnd: j.CancelAtPeriodEnd,
		CancelAt:          j.CancelAt.time(),
		CanceledAt:        j.CanceledAt.time(),
		EndedAt:           j.EndedAt.time(),
		TrialEnd:          j.TrialEnd.time(),
		CollectionPaused:  j.PauseCollection != nil,
		LatestInvoiceID:   j.LatestInvoice.ID,
		CreatedAt:         j.Created.time(),
	}
	for _, item := range j.Items.Data {
		sub.Items = append(sub.Items, billing.SubscriptionItem{ID: item.ID, Price: item.Price.ref(), Quantity: item.Quantity})
	}
	return &subscription{sub}
}

type subscription struct{ billing.Subscription }

func (s *subscription) Ref() billing.ObjectRef {
	return billing.ObjectRef{Kind: billing.SubscriptionObject, ID: s.ID}
}

func (s *subscription) Needs() []billing.ObjectRef {
	return []billing.ObjectRef{{Kind: billing.CustomerObject, ID: s.CustomerID}}
}

func (s *subscription) Owner() billing.Owner { return billing.Owner{CustomerID: s.CustomerID} }

// Change mirrors the subscription and tells its customer what is new. It grants nothing: credits follow the
// money, so an upgrade that is not paid for gives none.
func (s *subscription) Change(w Write) (billing.Change, error) {
	change := w.change(s)
	if w.UserID == "" {
		return change, &billing.UnknownCustomerError{CustomerID: s.CustomerID}
	}
	row := s.Subscription
	row.UserID, row.AsOf = w.UserID, w.AsOf
	if row.Status == billing.PastDue {
		row.PastDueSince = w.AsOf // the row keeps an earlier time
	}
	change.Subscription = &row
	change.Mails = billing.Mails(row, w.Catalog, w.Now)
	return change, nil
}
