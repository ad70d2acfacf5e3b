package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// GetSubscription answers a subscription.
func (tx *Tx) GetSubscription(id string, _ NoInput) (any, error) {
	return found(tx.Subscriptions.get(id), "id", "subscription", id)
}

// ListSubscriptions answers subscriptions, newest first.
func (tx *Tx) ListSubscriptions(in SubscriptionList) (any, error) {
	return list("/v1/subscriptions", in.Page, tx.Subscriptions.newestOf(in.Customer, in.TestClock), func(s *shape.Subscription) bool {
		return matches(in.Customer, string(s.Customer)) && in.onClock(s) && in.Created.Has(s.Created) && in.status(s) &&
			in.CurrentPeriodEnd.Has(s.CurrentPeriodEnd) && in.CurrentPeriodStart.Has(s.CurrentPeriodStart) &&
			matches(in.CollectionMethod, s.CollectionMethod) && (in.Price == "" || hasPrice(s.Items.Data, in.Price))
	})
}

func (in SubscriptionList) status(s *shape.Subscription) bool {
	switch in.Status {
	case "all":
		return true
	case "":
		return s.Status != "canceled"
	case "ended":
		return ended(s)
	}
	return s.Status == in.Status
}

// onClock leaves out what lives by test clocks, unless it is asked for by clock or customer.
func (in SubscriptionList) onClock(s *shape.Subscription) bool {
	return in.TestClock == string(s.TestClock) || in.TestClock == "" && in.Customer != ""
}

func hasPrice(items []shape.SubscriptionItem, price string) bool {
	for _, it := range items {
		if it.Price.ID == price {
			return true
		}
	}
	return false
}
