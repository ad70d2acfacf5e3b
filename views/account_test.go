package views

import (
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

func TestTheAccountPageSaysHowThingsStand(t *testing.T) {
	t.Parallel()
	type want struct{ plan, status, dates, problem string }
	for name, tt := range map[string]struct {
		sub    *billing.Subscription
		change func(*AccountPage)
		want   want
		has    string // test ids, each with a blank
		hasNot string
	}{
		"free": {nil, nil,
			want{"Free", "Free", "Costs nothing, for as long as you like.", ""},
			"change-plan create-key get-credits", "manage-billing cancel-plan problem orders invoices"},
		"active": {subscription(billing.Active, nil), nil,
			want{"Basic", "Active", "$5.00 a month. Renews on 21 December 2026.", ""},
			"manage-billing cancel-plan change-plan", "problem"},
		"active at a price that is not sold any more": {subscription(billing.Active, nil), func(p *AccountPage) { p.Price = nil },
			want{"Basic", "Active", "Renews on 21 December 2026.", ""}, "manage-billing", "problem"},
		"trial": {subscription(billing.Trialing, nil), nil,
			want{"Basic", "Trial", "Your trial ends on 21 December 2026; then $5.00 a month.", ""},
			"manage-billing cancel-plan", "problem"},
		"trial at an unknown price": {subscription(billing.Trialing, nil), func(p *AccountPage) { p.Price = nil },
			want{"Basic", "Trial", "Your trial ends on 21 December 2026.", ""}, "cancel-plan", "problem"},
		"ending": {subscription(billing.Active, ending), nil,
			want{"Basic", "Ending", "$5.00 a month. Your plan ends on 21 December 2026. You can resume it in Manage billing.", ""},
			"manage-billing", "cancel-plan problem"},
		"past due": {subscription(billing.PastDue, overdue(2)), unfinished,
			want{"Basic", "Payment overdue", "$5.00 a month. Payment overdue since 19 November 2026.",
				"Your last payment did not go through. Your plan stays until 26 November 2026; pay by then to keep it. Pay now Update payment"},
			"finish-payment update-payment cancel-plan", ""},
		"past due without an open invoice": {subscription(billing.PastDue, overdue(2)), nil,
			want{"Basic", "Payment overdue", "", ""}, "update-payment", "finish-payment"},
		"past its grace": {subscription(billing.PastDue, overdue(8)), nil,
			want{"Free", "Payment overdue", "Basic, $5.00 a month. On hold until the open payment is made.",
				"Your last payment did not go through, so your plan is on hold. Paying brings it back. Update payment"},
			"update-payment cancel-plan", ""},
		"unpaid": {subscription(billing.Unpaid, nil), nil,
			want{"Free", "Unpaid", "Basic, $5.00 a month. On hold until the open payment is made.", ""}, "update-payment", ""},
		"incomplete": {subscription(billing.Incomplete, nil), unfinished,
			want{"Free", "Payment unfinished", "Basic, $5.00 a month. Begins with its first payment.",
				"Your first payment is not finished, so your plan has not begun. Finish payment"},
			"finish-payment", "update-payment"},
		"paused": {subscription(billing.Paused, nil), nil,
			want{"Free", "Paused", "Basic, $5.00 a month. Paused.",
				"Your subscription is paused: nothing is charged, and no credits are added. Manage billing"}, "update-payment", ""},
		"ended": {subscription(billing.Canceled, func(s *billing.Subscription) { s.EndedAt = now }), nil,
			want{"Free", "Ended", "Your subscription ended on 21 November 2026.", ""}, "manage-billing", "cancel-plan problem"},
		"never begun": {subscription(billing.IncompleteExpired, nil), nil,
			want{"Free", "Ended", "Your subscription never began: its first payment was not made.", ""}, "manage-billing", "cancel-plan problem"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := parse(t, Account(account(tt.sub, tt.change)))
			got := want{text(find(doc, "plan")), text(find(doc, "status")), text(find(doc, "plan-dates")), text(find(doc, "problem"))}
			if tt.want.dates == "" {
				got.dates = ""
			}
			if tt.want.problem == "" {
				got.problem = ""
			}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			for id := range strings.FieldsSeq(tt.has) {
				if find(doc, id).Length() == 0 {
					t.Errorf("there is no %s", id)
				}
			}
			for id := range strings.FieldsSeq(tt.hasNot) {
				if find(doc, id).Length() > 0 {
					t.Errorf("there is a %s", id)
				}
			}
		})
	}
}

func TestTheAccountPageListsWhatCameAndWent(t *testing.T) {
	t.Parallel()
	doc := parse(t, Account(account(subscription(billing.Active, nil), history)))
	if got := text(find(doc, "credits")); got != "101,043" {
		t.Errorf("credits: got %s", got)
	}
	for id, rows := range map[string][]string{
		"entries": {
			"Refund (600 more were spent already) −400 21 November 2026 Balance 101,043",
			"Plan payment +400 20 November 2026 Balance 101,443",
			"Bought once +100,000 19 November 2026 Balance 101,043",
			"Spent −7 18 November 2026 Balance 1,043",
			"Plan payment +1,000 22 October 2026 Balance 1,050",
			"Weekly refill +50 21 October 2026 Balance 50",
		},
		"orders": {
			"100,000 credits (Power) $50.00 19 November 2026 Paid Receipt",
			"1,000 credits (Basic) $5.00 18 November 2026 On its way",
			"1,000 credits (Basic) $5.00 13 November 2026 Part refunded Receipt",
			"1,000 credits (Basic) $5.00 12 November 2026 Failed",
			"1,000 credits (Basic) $5.00 1 November 2026 Refunded Receipt",
		},
		"invoices": {
			"8F3A21C0-0003 $5.00 20 November 2026 Open Pay PDF",
			"8F3A21C0-0002 $5.00 21 October 2026 Paid View PDF",
			"Not yet numbered $5.00 21 September 2026 Draft",
			"8F3A21C0-0001 $5.00 21 August 2026 Refunded View PDF",
		},
	} {
		found := find(doc, id).Find("tbody tr")
		if found.Length() != len(rows) {
			t.Fatalf("%s: got %d rows", id, found.Length())
		}
		for i, want := range rows {
			if got := text(found.Eq(i)); got != want {
				t.Errorf("%s: got %q, want %q", id, got, want)
			}
		}
	}
}

func TestTheNextRefillIsTold(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*AccountPage){
		"Free adds 50 credits a week. Unused ones expire when the next are due. Next on 28 November 2026.": nil,
		"Free adds 50 credits a week. Unused ones expire when the next are due.":                           func(p *AccountPage) { p.NextRefill = time.Time{} },
		"Free adds 50 credits a week. Next on 28 November 2026.":                                           func(p *AccountPage) { p.Standing.Plan.Rollover = true },
		"Power adds 100,000 with each payment.": func(p *AccountPage) {
			p.Standing.Plan, p.NextRefill = plans()[2], time.Time{}
		},
		"Power adds 100,000 credits a month. Next on 28 November 2026.": func(p *AccountPage) { p.Standing.Plan = plans()[2] },
	} {
		if got := text(find(parse(t, Account(account(nil, change))), "refill")); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAPlanThatEndsDoesNotPromiseMoreCredits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*billing.Subscription)
		want   string
	}{
		"going on": {func(*billing.Subscription) {}, "Basic adds 1,000 with each payment."},
		"ending":   {ending, "Basic adds nothing more, because it ends. What you have stays, and the free plan follows."},
	} {
		page := account(subscription(billing.Active, tt.change), func(p *AccountPage) { p.NextRefill = time.Time{} })
		if got := page.refillSentence().before; got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
