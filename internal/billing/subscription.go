package billing

import "time"

// SubscriptionStatus is Stripe's word for the state of a subscription:
// https://docs.stripe.com/api/subscriptions/object#subscription_object-status
type SubscriptionStatus string

const (
	Incomplete        SubscriptionStatus = "incomplete"
	IncompleteExpired SubscriptionStatus = "incomplete_expired"
	Trialing          SubscriptionStatus = "trialing"
	Active            SubscriptionStatus = "active"
	PastDue           SubscriptionStatus = "past_due"
	Unpaid            SubscriptionStatus = "unpaid"
	Paused            SubscriptionStatus = "paused"
	Canceled          SubscriptionStatus = "canceled"
)

// Subscription mirrors a Stripe subscription.
type Subscription struct {
	ID                string
	UserID            string // ours; empty until the customer is known
	CustomerID        string
	Status            SubscriptionStatus
	Items             []SubscriptionItem
	PeriodStart       time.Time
	PeriodEnd         time.Time
	CancelAtPeriodEnd bool
	CancelAt          time.Time // zero: goes on
	CanceledAt        time.Time // zero: nobody asked to cancel
	EndedAt           time.Time // zero: not ended
	TrialEnd          time.Time // zero: never had a trial
	PastDueSince      time.Time // zero: not past due; kept by the mirror, not by Stripe
	CollectionPaused  bool
	LatestInvoiceID   string
	CreatedAt         time.Time
	AsOf              time.Time // Stripe's time of the state that is mirrored
}

// SubscriptionItem is one price of a subscription.
type SubscriptionItem struct {
	ID       string
	Price    PriceRef
	Quantity int64
}

// Live says whether the subscription can still charge its customer. A person
// with a live subscription is never sent to a second Checkout.
func (s Subscription) Live() bool {
	switch s.Status {
	case Canceled, IncompleteExpired, "":
		return false
	}
	return true
}

// EndsAt is when the subscription ends by itself, or zero.
func (s Subscription) EndsAt() time.Time {
	switch {
	case !s.EndedAt.IsZero():
		return s.EndedAt
	case !s.CancelAt.IsZero():
		return s.CancelAt
	case s.CancelAtPeriodEnd:
		return s.PeriodEnd
	}
	return time.Time{}
}

// Plan returns the plan that the subscription's items sell.
func (s Subscription) Plan(c Catalog) (Plan, bool) {
	for _, item := range s.Items {
		if plan, ok := c.PlanOf(item.Price); ok {
			return plan, true
		}
	}
	return Plan{}, false
}

// Interval is how often the subscription charges.
func (s Subscription) Interval() Interval {
	if len(s.Items) == 0 {
		return ""
	}
	return s.Items[0].Price.Interval
}
