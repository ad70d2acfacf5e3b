package billing

import (
	"slices"
	"testing"
	"time"
)

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 8, 30, 0, 0, time.UTC)
}

func TestAMonthKeepsItsDayWherePossible(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from time.Time
		n    int
		want time.Time
	}{
		{date(2026, 1, 31), 1, date(2026, 2, 28)},
		{date(2026, 1, 31), 2, date(2026, 3, 31)},
		{date(2028, 1, 31), 1, date(2028, 2, 29)},
		{date(2026, 11, 30), 3, date(2027, 2, 28)},
		{date(2026, 12, 15), 1, date(2027, 1, 15)},
		{date(2027, 1, 31), -2, date(2026, 11, 30)},
		{date(2028, 2, 29), 12, date(2029, 2, 28)},
	} {
		if got := AddMonths(tt.from, tt.n); !got.Equal(tt.want) {
			t.Errorf("%s and %d months: got %s, want %s", tt.from, tt.n, got, tt.want)
		}
	}
}

// yearly is a paid yearly invoice of Basic.
func yearly(from time.Time) Invoice {
	return Invoice{ID: "in", UserID: "u", SubscriptionID: "sub", Status: InvoicePaid, AmountPaid: 6000, Lines: []InvoiceLine{
		{Price: PriceRef{LookupKey: "Basic_yearly_price", Amount: 6000, Interval: Year}, Amount: 6000, Quantity: 1, Start: from, End: AddMonths(from, 12)}}}
}

func TestAYearlyInvoiceGivesEachMonthWhileItIsPaidFor(t *testing.T) {
	t.Parallel()
	from := date(2026, 1, 31)
	for _, tt := range []struct {
		name     string
		rollover bool
		sub      Subscription
		now      time.Time
		returned int64
		months   []string
		balance  int64
		next     time.Time
	}{
		{"the first month", true, yearlySub(Active, from), date(2026, 2, 27), 0, nil, 1000, date(2026, 2, 28)},
		{"the second", true, yearlySub(Active, from), date(2026, 2, 28), 0, []string{"invoice:in:2"}, 2000, date(2026, 3, 31)},
		{"looked at late", true, yearlySub(Active, from), date(2026, 4, 30), 0, []string{"invoice:in:2", "invoice:in:3", "invoice:in:4"}, 4000, date(2026, 5, 31)},
		{"after the year", true, yearlySub(Active, from), date(2027, 6, 1), 0, []string{"invoice:in:2", "invoice:in:3", "invoice:in:4", "invoice:in:5", "invoice:in:6",
			"invoice:in:7", "invoice:in:8", "invoice:in:9", "invoice:in:10", "invoice:in:11", "invoice:in:12"}, 12_000, time.Time{}},
		{"not rolled over", false, yearlySub(Active, from), date(2026, 4, 30), 0, []string{"expiry:invoice:in", "invoice:in:4"}, 1000, date(2026, 5, 31)},
		{"the subscription has ended", true, ended(from, date(2026, 3, 30)), date(2026, 6, 1), 0, []string{"invoice:in:2"}, 2000, time.Time{}},
		{"half of the money went back", true, yearlySub(Active, from), date(2026, 2, 28), 3000, []string{"invoice:in:2"}, 1500, date(2026, 3, 31)},
		{"all of the money went back", true, yearlySub(Active, from), date(2026, 4, 30), 6000, nil, 1000, date(2026, 5, 31)},
	} {
		cat := catalogWith(true, tt.rollover)
		c := &Credits{UserID: "u", RefillAt: forever}
		grant, ok := yearly(from).Grant(cat)
		if !ok || grant.Monthly == nil {
			t.Fatalf("%s: got %+v", tt.name, grant)
		}
		c.Give(grant)
		c.Schedules[0].Returned, c.Entries = tt.returned, nil
		c.Settle(cat, []Subscription{tt.sub}, tt.now)
		var keys []string
		for _, e := range c.Entries {
			keys = append(keys, e.Key)
		}
		if !slices.Equal(keys, tt.months) || c.Balance != tt.balance || !c.NextMonth().Equal(tt.next) {
			t.Errorf("%s: got %v, balance %d, next %s", tt.name, keys, c.Balance, c.NextMonth())
		}
		c.Entries = nil
		if c.Settle(cat, []Subscription{tt.sub}, tt.now); len(c.Entries) > 0 {
			t.Errorf("%s: a second look gave %s", tt.name, entries(c))
		}
	}
}

// change is the invoice of a change of plan after three and a half months.
func change(from, at time.Time, price PriceRef, proration bool) Invoice {
	end := AddMonths(from, 12)
	left := func(amount int64) int64 { return mulDiv(amount, 17, 24) } // 8.5 of 12 months
	next := InvoiceLine{Price: price, Amount: left(price.Amount), Quantity: 1, Proration: proration, Start: at, End: end}
	if !proration {
		next.Amount, next.End = price.Amount, AddMonths(at, 1)
	}
	basic := PriceRef{LookupKey: "Basic_yearly_price", Amount: 6000, Interval: Year}
	return Invoice{ID: "in_2", SubscriptionID: "sub", Status: InvoicePaid, Lines: []InvoiceLine{
		{Price: basic, Amount: -left(basic.Amount), Quantity: 1, Proration: true, Start: at, End: end}, next}}
}

func TestAChangeOfPlanTakesThePlaceOfTheMonthsBefore(t *testing.T) {
	t.Parallel()
	from, at := date(2026, 1, 10), date(2026, 4, 25)
	for _, tt := range []struct {
		name    string
		price   PriceRef
		prorata bool
		now     int64 // what the change itself gives
		year    int64 // what there is when the year is over
	}{
		// Four months of Basic, half a month of the difference, eight months of Power.
		{"upgrade", PriceRef{LookupKey: "Power_yearly_price", Amount: 60_000, Interval: Year}, true, 4500, 4000 + 4500 + 80_000},
		// A month of Power less the half month of Basic that is left; then it is monthly invoices that give.
		{"to monthly", PriceRef{LookupKey: "Power_monthly_price", Amount: 5000, Interval: Month}, false, 9500, 4000 + 9500},
	} {
		cat := catalogWith(true, true)
		c := &Credits{UserID: "u", RefillAt: forever}
		subs := []Subscription{yearlySub(Active, from)}
		first, _ := yearly(from).Grant(cat)
		c.Give(first)
		c.Settle(cat, subs, at)
		if c.Balance != 4000 {
			t.Fatalf("%s: before: got %d", tt.name, c.Balance)
		}
		second, ok := change(from, at, tt.price, tt.prorata).Grant(cat)
		if !ok || second.Amount != tt.now {
			t.Errorf("%s: got %+v", tt.name, second)
		}
		c.Give(second)
		c.Settle(cat, subs, AddMonths(from, 12))
		if c.Balance != tt.year || !c.NextMonth().IsZero() {
			t.Errorf("%s: after the year: got %d, want %d; next %s", tt.name, c.Balance, tt.year, c.NextMonth())
		}
	}
}

func TestInvoicesThatComeInTheWrongOrderGiveTheSame(t *testing.T) {
	t.Parallel()
	from, at := date(2026, 1, 10), date(2026, 4, 25)
	cat := catalogWith(true, true)
	c := &Credits{UserID: "u", RefillAt: forever}
	power := PriceRef{LookupKey: "Power_yearly_price", Amount: 60_000, Interval: Year}
	second, _ := change(from, at, power, true).Grant(cat)
	first, _ := yearly(from).Grant(cat)
	c.Give(second)
	c.Give(first)
	c.Settle(cat, []Subscription{yearlySub(Active, from)}, AddMonths(from, 12))
	if want := int64(4000 + 4500 + 80_000); c.Balance != want {
		t.Errorf("got %d, want %d", c.Balance, want)
	}
}

func TestCreditsOfAMonthExpireWithItUnlessTheyRollOver(t *testing.T) {
	t.Parallel()
	from := date(2026, 1, 31)
	month := Invoice{ID: "in", Lines: []InvoiceLine{{Price: PriceRef{LookupKey: "Basic_monthly_price", Amount: 500, Interval: Month}, Amount: 500, Quantity: 1,
		Start: from, End: date(2026, 2, 28)}}}
	for _, tt := range []struct {
		name     string
		invoice  Invoice
		rollover bool
		want     time.Time
	}{
		{"a month", month, false, date(2026, 2, 28)},
		{"a month that rolls over", month, true, time.Time{}},
		{"a year", yearly(from), false, date(2026, 2, 28)},
		{"a year that rolls over", yearly(from), true, time.Time{}},
	} {
		if got, _ := tt.invoice.Grant(catalogWith(true, tt.rollover)); !got.ExpiresAt.Equal(tt.want) {
			t.Errorf("%s: got %s, want %s", tt.name, got.ExpiresAt, tt.want)
		}
	}
}
