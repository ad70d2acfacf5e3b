package reconcile

import (
	"fmt"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestWhatIsToldOnlyByOthersIsNoDifference(t *testing.T) {
	t.Parallel()
	complete := &billing.CheckoutSession{ID: "cs_1", Status: "complete"}
	order := func(status billing.OrderStatus) *billing.Order { return &billing.Order{Status: status} }
	for _, tt := range []struct {
		name   string
		mirror billing.Mirrored
		stripe billing.Change
		want   string
	}{
		{"an order that was refunded since",
			billing.Mirrored{Change: billing.Change{Session: complete, Order: order(billing.OrderRefunded)}},
			billing.Change{Session: complete, Order: order(billing.OrderPaid)}, "[]"},
		{"a delayed payment of which an event told that it was refused",
			billing.Mirrored{Change: billing.Change{Session: complete, Order: order(billing.OrderFailed)}},
			billing.Change{Session: complete, Order: order(billing.OrderPending)}, "[]"},
		{"a delayed payment of which no event told",
			billing.Mirrored{Change: billing.Change{Session: complete, Order: order(billing.OrderPending)}},
			billing.Change{Session: complete, Order: order(billing.OrderFailed)}, "[{order.status pending failed true}]"},
		{"a session that was not made here and came to nothing",
			billing.Mirrored{}, billing.Change{Session: &billing.CheckoutSession{Status: "expired"}}, "[]"},
		{"a grant of what the plan gave then",
			billing.Mirrored{Change: billing.Change{Invoice: &billing.Invoice{}, Grant: &billing.Grant{Amount: 10}}},
			billing.Change{Invoice: &billing.Invoice{}, Grant: &billing.Grant{Amount: 1000}}, "[]"},
		{"an address that Stripe signed anew",
			billing.Mirrored{Change: billing.Change{Invoice: &billing.Invoice{HostedURL: "https://a"}}},
			billing.Change{Invoice: &billing.Invoice{HostedURL: "https://b"}}, "[]"},
		{"a deleted customer, who tells nothing else",
			billing.Mirrored{Change: billing.Change{Customer: &billing.Customer{UserID: "u", Email: "a@b.c"}}},
			billing.Change{Customer: &billing.Customer{Deleted: true}}, "[{deleted false true true}]"},
		{"a charge that took no money",
			billing.Mirrored{Change: billing.Change{Charge: &billing.Charge{AmountRefunded: 5}}},
			billing.Change{Charge: &billing.Charge{}}, "[]"},
		{"credits that were taken back, and more than that would be now",
			billing.Mirrored{TakenBack: 9, Change: billing.Change{Charge: &billing.Charge{AmountRefunded: 5}, Grant: &billing.Grant{Amount: 1}}},
			billing.Change{Charge: &billing.Charge{Amount: 5, AmountRefunded: 5}}, "[]"},
		{"a dispute that was lost beside another",
			disputed(4, map[string]int64{"dp_1": 3, "dp_2": 1}), lost("dp_1", 3), "[]"},
		{"one of which only another is known",
			disputed(1, map[string]int64{"dp_2": 1}), lost("dp_1", 3), "[{amount_disputed 1 4 false}]"},
		{"one that was noted before disputes were told apart",
			disputed(3, map[string]int64{"": 3}), lost("dp_1", 3), "[]"},
		{"another of that time",
			disputed(3, map[string]int64{"": 3}), lost("dp_1", 1), "[{amount_disputed 3 4 false}]"},
		{"two whose shares were rounded each",
			took(2, 3, disputed(5, map[string]int64{"dp_1": 3, "dp_2": 2})), lost("dp_1", 3), "[]"},
		{"one that was rounded beside another, which was won since",
			took(1, 3, disputed(3, map[string]int64{"dp_1": 3})), lost("dp_1", 3), "[]"},
		{"one that took nothing",
			took(0, 3, disputed(3, map[string]int64{"dp_1": 3})), lost("dp_1", 3), "[{credits_taken_back 0 2 false}]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fmt.Sprint(append([]Difference{}, compare(tt.mirror, tt.stripe)...)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// disputed is a payment of which disputes took something.
func disputed(amount int64, lost map[string]int64) billing.Mirrored {
	return billing.Mirrored{AmountDisputed: amount, LostDisputes: lost, Change: billing.Change{Charge: &billing.Charge{}}}
}

// took is what disputes took back of what the payment granted.
func took(credits, granted int64, m billing.Mirrored) billing.Mirrored {
	m.TakenBack, m.Grant, m.Months = credits, &billing.Grant{Amount: granted}, 1
	return m
}

// lost is a lost dispute of a charge of 5.
func lost(id string, amount int64) billing.Change {
	return billing.Change{Dispute: &billing.ChargeDispute{ID: id, Status: billing.DisputeLost, Amount: amount, Charge: billing.Charge{Amount: 5}}}
}

func TestItemsThatOneSideLacksAreTold(t *testing.T) {
	t.Parallel()
	with := &billing.Subscription{PeriodEnd: noon, Items: []billing.SubscriptionItem{{ID: "si_1", Price: billing.PriceRef{Plan: "Basic"}, Quantity: 1}}}
	without := &billing.Subscription{PeriodEnd: noon}
	lost := fmt.Sprint(diff(subscriptionFields(without), subscriptionFields(with)))
	more := fmt.Sprint(diff(subscriptionFields(with), subscriptionFields(without)))
	if want := "[{items[0].id  si_1 false} {items[0].plan  Basic false} {items[0].unit_amount  0 false} {items[0].quantity  1 false}]"; lost != want {
		t.Errorf("got %s, want %s", lost, want)
	}
	if want := "[{items[0].id si_1  false} {items[0].plan Basic  false} {items[0].unit_amount 0  false} {items[0].quantity 1  false}]"; more != want {
		t.Errorf("got %s, want %s", more, want)
	}
}
