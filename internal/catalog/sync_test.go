package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/payloop/payloop/internal/billing"
)

func usd(amount int64) billing.Money { return billing.Money{Amount: amount, Currency: "usd"} }

func basicAt(amount int64) billing.Catalog {
	return billing.Catalog{Product: billing.Product{Name: "Acme"}, Plans: []billing.Plan{
		{Name: "Free"},
		{Name: "Basic", Description: "For starters.", Prices: []billing.Price{{Plan: "Basic", Interval: billing.Month, Money: usd(amount)}}},
	}}
}

func TestSyncTheDefault(t *testing.T) {
	t.Parallel()
	f := newFake()
	wantLines(t, mustSync(t, f, Default()),
		"Create the product Payloop Basic (payloop_basic).",
		"Create the price Basic_monthly_price: 5.00 usd a month.",
		"Create the price Basic_instant_price: 5.00 usd once.",
		"Create the product Payloop Power (payloop_power).",
		"Create the price Power_monthly_price: 50.00 usd a month.",
		"Create the price Power_instant_price: 50.00 usd once.",
		"Set up the customer portal: invoices, card, change of plan, cancellation.",
	)
	before := f.calls
	wantLines(t, mustSync(t, f, Default()))
	if f.calls != before {
		t.Errorf("a second run wrote %d times", f.calls-before)
	}
}

func TestSyncReplacesAPrice(t *testing.T) {
	t.Parallel()
	f := newFake()
	mustSync(t, f, basicAt(500))
	old, _ := f.holder("Basic_monthly_price")
	got := mustSync(t, f, basicAt(600))
	wantLines(t, got,
		"Replace the price Basic_monthly_price: 5.00 usd a month becomes 6.00 usd a month; whoever subscribes already keeps paying the old price.",
		"Update the customer portal (bpc_1): the prices that subscribers can change to.",
		"Deactivate the price "+old.ID+" (5.00 usd a month): the plans file does not offer it. Whoever subscribes to it keeps it.",
	)
	if p := f.prices[old.ID]; p.Active || p.LookupKey != "" || p.Plan != "Basic" {
		t.Errorf("the old price is %+v", p)
	}
	// Back again: the old one is offered again instead of a third.
	got = mustSync(t, f, basicAt(500))
	if !strings.HasPrefix(got[0], "Offer the price Basic_monthly_price ("+old.ID) || len(f.prices) != 2 {
		t.Errorf("got %q, %d prices", got, len(f.prices))
	}
}

func TestSyncRenamesAndRetires(t *testing.T) {
	t.Parallel()
	f := newFake()
	mustSync(t, f, Default())
	local := clone(Default())
	local.Product.Name = "Acme"
	local.Plans[1].Description = "Another."
	local.Plans = local.Plans[:2]
	got := strings.Join(mustSync(t, f, local), "\n")
	for _, want := range []string{
		`Update the product Acme Basic (payloop_basic): it was called "Payloop Basic", a new description.`,
		"(50.00 usd a month): the plans file does not offer it",
		"(50.00 usd once): the plans file does not offer it",
		"Update the customer portal (bpc_1): the prices that subscribers can change to, its headline.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestSyncTakesOverWhatWasMadeByHand(t *testing.T) {
	t.Parallel()
	byHand := func(amount int64) *fakeRemote {
		f := newFake()
		f.products["prod_1"] = billing.RemoteProduct{ID: "prod_1", Name: "My thing", Active: true}
		f.prices["price_1"] = billing.RemotePrice{
			ID: "price_1", ProductID: "prod_1", LookupKey: "Basic_monthly_price", Interval: billing.Month,
			Money: usd(amount), Active: true, Default: true,
		}
		return f
	}
	f := byHand(500)
	wantLines(t, mustSync(t, f, basicAt(500)),
		`Update the product Acme Basic (prod_1): it sells the plan Basic, it was called "My thing", a new description.`,
		"Take over the price Basic_monthly_price (price_1, 5.00 usd a month), which has the lookup key already.",
		"Set up the customer portal: invoices, card, change of plan, cancellation.",
	)
	f = byHand(700)
	got := mustSync(t, f, basicAt(500))
	if len(got) != 5 || !strings.HasPrefix(got[1], "Take over the price price_1 (7.00 usd a month), so that") {
		t.Errorf("got %q", got)
	}
	if p := f.prices["price_1"]; p.Active || p.Plan != "Basic" {
		t.Errorf("its subscribers would lose their plan: %+v", p)
	}
}

func TestSyncLeavesNamedPricesAlone(t *testing.T) {
	t.Parallel()
	f := newFake()
	mustSync(t, f, Default())
	hand := billing.RemotePrice{ID: "price_hand", ProductID: "prod_hand", Interval: billing.Month, Money: usd(500), Active: true}
	f.products["prod_hand"] = billing.RemoteProduct{ID: "prod_hand", Active: true}
	f.prices[hand.ID] = hand
	local, err := WithPriceIDs(Default(), []string{"price_hand"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	mustSync(t, f, local)
	if f.prices[hand.ID] != hand {
		t.Errorf("it was changed: %+v", f.prices[hand.ID])
	}
	if n := slices.IndexFunc(f.portal.Products, func(p billing.PortalProduct) bool { return p.ProductID == "prod_hand" }); n < 0 {
		t.Error("subscribers cannot change to it")
	}

	state, _ := f.RemoteCatalog(t.Context(), local)
	wantLines(t, Mismatches(local, state))
	hand.Money.Amount, hand.Active = 700, false
	f.prices[hand.ID] = hand
	state, _ = f.RemoteCatalog(t.Context(), local)
	wantLines(t, Mismatches(local, state),
		"The plan Basic: Stripe charges 7.00 usd a month by price_hand, the plans file says 5.00 usd a month.",
		"The plan Basic: the price price_hand is not active in Stripe, so nobody can buy it.",
	)
}

func TestSyncNamesWhatFailed(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.crashAt = 3
	changes, err := Sync(t.Context(), f, Default())
	if len(changes) != 2 || !errors.Is(err, errCrash) || !strings.Contains(err.Error(), "Create the price Basic_instant_price: 5.00 usd once: ") {
		t.Errorf("%d changes, %v", len(changes), err)
	}
}

// genCatalog draws plans files that follow one another, small enough that
// prices come back.
func genCatalog(t *rapid.T, label string) billing.Catalog {
	c := billing.Catalog{Product: billing.Product{Name: rapid.SampledFrom([]string{"Acme", "Bolt"}).Draw(t, label+"product")}}
	c.Plans = append(c.Plans, billing.Plan{Name: "Free"})
	for _, names := range [][]string{{"Basic", "BASIC"}, {"Power", "Power"}} {
		plan := billing.Plan{Name: rapid.SampledFrom(names).Draw(t, label+"name")}
		for _, interval := range []billing.Interval{billing.Month, billing.Year, billing.Once} {
			switch amount := rapid.Int64Range(0, 3).Draw(t, label+"amount"); amount {
			case 0: // not offered
			default:
				plan.Prices = append(plan.Prices, billing.Price{Plan: plan.Name, Interval: interval, Money: usd(amount * 100)})
			}
		}
		if !plan.Free() {
			c.Plans = append(c.Plans, plan)
		}
	}
	return c
}

// genRemote draws a Stripe account in which somebody made things by hand.
func genRemote(t *rapid.T) *fakeRemote {
	f := newFake()
	for i := range rapid.IntRange(0, 3).Draw(t, "products") {
		id := fmt.Sprintf("prod_%d", i)
		f.products[id] = billing.RemoteProduct{ID: id, Name: "By hand", Active: rapid.Bool().Draw(t, "product active")}
	}
	right := map[string]billing.Interval{
		"": billing.Month, "Basic_monthly_price": billing.Month, "BASIC_monthly_price": billing.Month,
		"Basic_instant_price": billing.Once, "Power_yearly_price": billing.Year,
	}
	keys := slices.Sorted(maps.Keys(right))
	for i, product := range slices.Sorted(maps.Keys(f.products)) {
		key := rapid.SampledFrom(keys).Draw(t, "key")
		if _, n := f.holder(key); n > 0 {
			key = ""
		}
		id := fmt.Sprintf("price_%d", i)
		f.prices[id] = billing.RemotePrice{
			ID: id, ProductID: product, LookupKey: key,
			Interval: rapid.SampledFrom([]billing.Interval{right[key], "3 months"}).Draw(t, "interval"),
			Money:    usd(100 * rapid.Int64Range(1, 3).Draw(t, "amount")),
			Active:   rapid.Bool().Draw(t, "active"), Default: rapid.Bool().Draw(t, "default"),
		}
	}
	return f
}

// Whatever is in the account, whichever plans files follow one another, and
// wherever a run is cut off: the next run ends where an undisturbed one would
// have, nothing is without a price in between, and no subscriber loses a plan.
func TestSyncConverges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := genRemote(t)
		ctx := context.Background()
		for step := range rapid.IntRange(1, 4).Draw(t, "steps") {
			local := genCatalog(t, fmt.Sprintf("step %d ", step))
			calm := f.clone()
			if _, err := Sync(ctx, calm, local); err != nil {
				t.Fatalf("undisturbed: %v", err)
			}
			calm.wantInSync(t, local)

			sold := map[string]bool{} // lookup keys that can be bought now and shall stay so
			for _, plan := range local.Plans {
				for _, p := range plan.Prices {
					_, n := f.holder(p.LookupKey())
					sold[p.LookupKey()] = n == 1
				}
			}
			wasOurs := map[string]string{}
			f.check = func() {
				for key, before := range sold {
					if _, n := f.holder(key); before && n != 1 {
						t.Errorf("there was a moment with %d prices for %s", n, key)
					}
				}
				for id, plan := range wasOurs {
					if got, _ := local.PlanOf(ref(f.prices[id])); got.Name != plan {
						t.Errorf("who subscribed to %s loses the plan %s", id, plan)
					}
				}
			}
			for id, p := range f.prices {
				if plan, isOurs := local.PlanOf(ref(p)); isOurs && p.Active {
					wasOurs[id] = plan.Name
				}
			}
			f.calls, f.crashAt, f.afterEffect = 0, rapid.IntRange(0, calm.calls).Draw(t, "crash at"), rapid.Bool().Draw(t, "after its effect")
			_, err := Sync(ctx, f, local)
			if crashed := f.crashAt > 0; crashed != errors.Is(err, errCrash) || err != nil && !crashed {
				t.Fatalf("crash at %d of %d: %v", f.crashAt, calm.calls, err)
			}
			f.crashAt = 0
			if _, err := Sync(ctx, f, local); err != nil {
				t.Fatalf("the run after the crash: %v", err)
			}
			f.check = nil
			f.wantInSync(t, local)
			if !reflect.DeepEqual(f.prices, calm.prices) || !reflect.DeepEqual(f.products, calm.products) || !reflect.DeepEqual(f.portal, calm.portal) {
				t.Errorf("after a crash at call %d:\n%+v\n%+v\n%+v\nundisturbed:\n%+v\n%+v\n%+v", f.calls, f.prices, f.products, f.portal, calm.prices, calm.products, calm.portal)
			}
		}
	})
}

// ref is what a subscription to the price says of it.
func ref(p billing.RemotePrice) billing.PriceRef {
	return billing.PriceRef{ID: p.ID, LookupKey: p.LookupKey, Plan: p.Plan}
}

// Two syncs at once: each call of one may fall between any two of the other.
func TestSyncTwiceAtOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := genRemote(t)
		ctx := context.Background()
		first, second := genCatalog(t, "first "), genCatalog(t, "second ")
		if _, err := Sync(ctx, f, first); err != nil {
			t.Fatal(err)
		}
		// The second reads before, in the middle of or after the other's run.
		at := rapid.IntRange(0, 12).Draw(t, "starts at call")
		f.calls = 0
		f.check = func() {
			if f.calls == at {
				f.check = nil
				if _, err := Sync(ctx, f, second); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := Sync(ctx, f, second); err != nil {
			t.Fatal(err)
		}
		f.check = nil
		f.wantInSync(t, second)
	})
}
