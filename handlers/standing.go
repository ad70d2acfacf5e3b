package handlers

import (
	"context"

	"github.com/payloop/payloop/internal/billing"
)

// standing tells which plan counts for a user, from the mirror alone.
func (h *Handlers) standing(ctx context.Context, userID string) (billing.Standing, []billing.Subscription, error) {
	subs, err := h.Store.SubscriptionsByUserID(ctx, userID)
	if err != nil {
		return billing.Standing{}, nil, err
	}
	return billing.Access(h.Catalog, subs, h.Now()), subs, nil
}

// liveSubscription returns the one that may still charge its owner: the one
// that the standing comes from, else any.
func liveSubscription(st billing.Standing, subs []billing.Subscription) *billing.Subscription {
	if st.Subscription != nil && st.Subscription.Live() {
		return st.Subscription
	}
	for i := range subs {
		if subs[i].Live() {
			return &subs[i]
		}
	}
	return nil
}
