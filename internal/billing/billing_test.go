package billing

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

var (
	now   = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	plans = Catalog{Plans: []Plan{
		{Name: "Free", Credits: 50, Every: Weekly},
		{Name: "Basic", Credits: 1000, Every: Monthly, Prices: []Price{
			{Plan: "Basic", Interval: Month, Money: Money{500, "usd"}},
			{Plan: "Basic", Interval: Once, Money: Money{500, "usd"}},
		}},
		{Name: "Power", Credits: 100_000, Every: Monthly, Prices: []Price{
			{Plan: "Power", Interval: Month, Money: Money{5000, "usd"}, StripeID: "price_hand"},
		}},
	}}
)

// sub is a subscription to a plan's monthly price.
func sub(plan string, status SubscriptionStatus) Subscription {
	return Subscription{
		ID: "sub_" + plan + string(status), Status: status, AsOf: now, PeriodEnd: now.AddDate(0, 1, 0),
		Items: []SubscriptionItem{{Price: PriceRef{LookupKey: plan + "_monthly_price", Interval: Month}}},
	}
}

func TestAccessFollowsTheStatus(t *testing.T) {
	t.Parallel()
	pastDue := func(since time.Duration) Subscription {
		s := sub("Basic", PastDue)
		s.PastDueSince = now.Add(-since)
		return s
	}
	for _, tt := range []struct {
		name    string
		subs    []Subscription
		plan    string
		status  string
		problem Problem
	}{
		{"nobody ever paid", nil, "Free", "free", NoProblem},
		{"active", []Subscription{sub("Basic", Active)}, "Basic", "active", NoProblem},
		{"trialing", []Subscription{sub("Basic", Trialing)}, "Basic", "trialing", NoProblem},
		{"past due within the grace period", []Subscription{pastDue(GracePeriod - time.Second)}, "Basic", "past_due", PaymentPastDue},
		{"past due after the grace period", []Subscription{pastDue(GracePeriod)}, "Free", "past_due", PaymentUnpaid},
		{"incomplete", []Subscription{sub("Basic", Incomplete)}, "Free", "incomplete", PaymentMissing},
		{"unpaid", []Subscription{sub("Basic", Unpaid)}, "Free", "unpaid", PaymentUnpaid},
		{"paused", []Subscription{sub("Basic", Paused)}, "Free", "paused", CollectionPause},
		{"canceled", []Subscription{sub("Basic", Canceled)}, "Free", "canceled", NoProblem},
		{"never finished", []Subscription{sub("Basic", IncompleteExpired)}, "Free", "incomplete_expired", NoProblem},
		{"ended, then bought anew", []Subscription{sub("Power", Canceled), sub("Basic", Active)}, "Basic", "active", NoProblem},
		{"two at once: the larger counts", []Subscription{sub("Basic", Active), sub("Power", Active)}, "Power", "active", NoProblem},
		{"a price nobody knows gives nothing", []Subscription{sub("Gold", Active)}, "Free", "active", NoProblem},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Access(plans, tt.subs, now)
			if got.Plan.Name != tt.plan || got.Status() != tt.status || got.Problem != tt.problem {
				t.Errorf("got %s %s %q, want %s %s %q", got.Plan.Name, got.Status(), got.Problem, tt.plan, tt.status, tt.problem)
			}
		})
	}
}

func TestStandingSaysWhenAPlanRenewsOrEnds(t *testing.T) {
	t.Parallel()
	ending := sub("Basic", Active)
	ending.CancelAtPeriodEnd = true
	for _, tt := range []struct {
		name         string
		sub          Subscription
		renews, ends bool
	}{
		{"going on", sub("Basic", Active), true, false},
		{"ending", ending, false, true},
		{"unpaid", sub("Basic", Unpaid), false, false},
	} {
		st := Access(plans, []Subscription{tt.sub}, now)
		if got := !st.RenewsAt().IsZero(); got != tt.renews {
			t.Errorf("%s: renews = %v, want %v", tt.name, got, tt.renews)
		}
		if got := !st.EndsAt().IsZero(); got != tt.ends {
			t.Errorf("%s: ends = %v, want %v", tt.name, got, tt.ends)
		}
	}
}

func TestPlanOfKnowsAPriceByEachOfItsNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ref  PriceRef
		want string
	}{
		{"by lookup key", PriceRef{ID: "price_1", LookupKey: "Basic_monthly_price"}, "Basic"},
		{"by the ID that the operator gave", PriceRef{ID: "price_hand"}, "Power"},
		{"by metadata, after its lookup key was transferred", PriceRef{ID: "price_old", Plan: "Basic"}, "Basic"},
		{"not at all", PriceRef{ID: "price_x"}, ""},
	} {
		if got, _ := plans.PlanOf(tt.ref); got.Name != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got.Name, tt.want)
		}
	}
}

func TestInvoiceGrantsWhatItsLinesPaidFor(t *testing.T) {
	t.Parallel()
	basic := PriceRef{LookupKey: "Basic_monthly_price", Amount: 500}
	power := PriceRef{LookupKey: "Power_monthly_price", Amount: 5000}
	for _, tt := range []struct {
		name  string
		lines []InvoiceLine
		want  int64
	}{
		{"a month", []InvoiceLine{{Price: basic, Amount: 500, Quantity: 1}}, 1000},
		{"a trial month at no cost", []InvoiceLine{{Price: basic, Amount: 0, Quantity: 1}}, 1000},
		{"an upgrade in the middle of the month", []InvoiceLine{
			{Price: basic, Amount: -250, Quantity: 1, Proration: true},
			{Price: power, Amount: 2500, Quantity: 1, Proration: true}}, 49_500},
		{"an upgrade on the last day", []InvoiceLine{
			{Price: basic, Amount: -16, Quantity: 1, Proration: true},
			{Price: power, Amount: 166, Quantity: 1, Proration: true}}, 3288},
		{"a downgrade", []InvoiceLine{
			{Price: power, Amount: -2500, Quantity: 1, Proration: true},
			{Price: basic, Amount: 250, Quantity: 1, Proration: true}}, 0},
		{"something else", []InvoiceLine{{Price: PriceRef{ID: "price_x"}, Amount: 900, Quantity: 1}}, 0},
	} {
		if got, _ := (Invoice{Lines: tt.lines}).Grant(plans); got.Amount != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got.Amount, tt.want)
		}
	}
}

func TestARefundTakesBackItsShare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ granted, refunded, paid, want int64 }{
		{1000, 500, 500, 1000},
		{1000, 250, 500, 500},
		{1000, 0, 500, 0},
		{1000, 900, 500, 1000},
		{1000, 100, 0, 0},
	} {
		if got := TakeBack(tt.granted, tt.refunded, tt.paid); got != tt.want {
			t.Errorf("TakeBack(%d, %d, %d) = %d, want %d", tt.granted, tt.refunded, tt.paid, got, tt.want)
		}
	}
}

func TestRetriesSlowDown(t *testing.T) {
	t.Parallel()
	var last, sum time.Duration
	for attempt := 1; attempt < MaxAttempts; attempt++ {
		d := RetryDelay(attempt)
		if d < last {
			t.Errorf("the pause after attempt %d is shorter than the one before", attempt)
		}
		last, sum = d, sum+d
	}
	if RetryDelay(1) != time.Second || sum < 12*time.Hour || sum > 3*24*time.Hour {
		t.Errorf("the pauses begin with %v and last %v in all", RetryDelay(1), sum)
	}
}

func TestErrorsKeepTheirCauseToThemselves(t *testing.T) {
	t.Parallel()
	cause := errors.New("pq: password wrong")
	err := fmt.Errorf("outer: %w", &Error{Kind: Unavailable, Msg: "Try again.", Err: cause})
	if KindOf(err) != Unavailable || !errors.Is(err, cause) || KindOf(cause) != Internal {
		t.Errorf("got %v of kind %v", err, KindOf(err))
	}
}
