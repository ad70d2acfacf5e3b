package postgres

import (
	"slices"
	"testing"

	"github.com/payloop/payloop/internal/billing"
)

func TestASubscriptionsItemsAreWrittenWhenTheyChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	ref := billing.ObjectRef{Kind: billing.SubscriptionObject, ID: "sub_1"}
	item := func(id, plan string, quantity int64) billing.SubscriptionItem {
		return billing.SubscriptionItem{ID: id, Quantity: quantity, Price: billing.PriceRef{ID: "price_" + plan, LookupKey: plan + "_monthly_price", Plan: plan, Amount: 500, Interval: billing.Month}}
	}
	put := func(items ...billing.SubscriptionItem) (places []string) {
		t.Helper()
		versions, err := b.MirrorVersions(t.Context(), []billing.ObjectRef{ref})
		if err != nil {
			t.Fatal(err)
		}
		sub := billing.Subscription{ID: "sub_1", UserID: c.UserID, CustomerID: c.ID, Status: billing.Active, PeriodStart: b.now, PeriodEnd: b.now, CreatedAt: b.now, AsOf: b.now, Items: items}
		if leftOut, err := b.WriteWorks(t.Context(), []billing.Work{{Change: billing.Change{Ref: ref, Version: versions[ref], Subscription: &sub}}}); err != nil || len(leftOut) > 0 {
			t.Fatalf("got %v, %v", leftOut, err)
		}
		subs, err := b.SubscriptionsByUserID(t.Context(), c.UserID)
		if err != nil || len(subs) != 1 || !slices.Equal(subs[0].Items, items) {
			t.Fatalf("got %+v, %v, want the items %+v", subs, err, items)
		}
		if err := b.db.Select(&places, `SELECT ctid::text FROM subscription_items ORDER BY position`); err != nil {
			t.Fatal(err)
		}
		return places
	}
	first := put(item("si_1", "Basic", 1), item("si_2", "Extra", 3))
	if again := put(item("si_1", "Basic", 1), item("si_2", "Extra", 3)); !slices.Equal(again, first) {
		t.Errorf("items that stay were written: %v, then %v", first, again)
	}
	put(item("si_1", "Basic", 2), item("si_2", "Extra", 3))
	put(item("si_2", "Extra", 3), item("si_1", "Basic", 2))
	put(item("si_2", "Power", 3))
}
