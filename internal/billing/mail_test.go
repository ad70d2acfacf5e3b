package billing

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var mailCatalog = Catalog{Plans: []Plan{
	{Name: "Free"},
	{Name: "Basic", Prices: []Price{{Plan: "Basic", Interval: Month}}},
}}

var mailNow = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// ago is that many hours before the test's time, or after it when negative.
func ago(hours int) time.Time { return mailNow.Add(-time.Duration(hours) * time.Hour) }

func mailsFor(sub Subscription) string {
	sub.ID, sub.LatestInvoiceID = "sub_1", "in_1"
	sub.Items = []SubscriptionItem{{Price: PriceRef{LookupKey: "Basic_monthly_price"}}}
	if sub.UserID == "" {
		sub.UserID = "user"
	}
	var told []string
	for _, m := range Mails(sub, mailCatalog, mailNow) {
		day := "-"
		if !m.Day.IsZero() {
			day = m.Day.Format(time.DateOnly)
		}
		told = append(told, fmt.Sprint(m.Kind, " ", m.Key, " ", day))
	}
	return strings.Join(told, "; ")
}

func TestMailsFollowFromTheStateAndOnlyWhileItIsNews(t *testing.T) {
	t.Parallel()
	trialEnd := fmt.Sprint(ago(-71).Unix())
	for _, tt := range []struct {
		name string
		sub  Subscription
		want string
	}{
		{"a plan begins", Subscription{Status: Active, CreatedAt: ago(1), PeriodEnd: ago(-24 * 30)},
			"plan_started started:sub_1 2026-12-21"},
		{"and is known to end with its period", Subscription{Status: Active, CreatedAt: ago(1), PeriodEnd: ago(-24 * 30), CancelAtPeriodEnd: true},
			"plan_started started:sub_1 -"},
		{"webhooks come two days late", Subscription{Status: Active, CreatedAt: ago(48), PeriodEnd: ago(-24)},
			"plan_started started:sub_1 2026-11-22"},
		{"an old subscription", Subscription{Status: Active, CreatedAt: ago(72), PeriodEnd: ago(-24)}, ""},
		{"Stripe's clock is ahead", Subscription{Status: Active, CreatedAt: ago(-1), PeriodEnd: ago(-24)},
			"plan_started started:sub_1 2026-11-22"},
		{"a trial begins", Subscription{Status: Trialing, CreatedAt: ago(1), TrialEnd: ago(-24 * 14)},
			"trial_started started:sub_1 2026-12-05"},
		{"a short trial begins", Subscription{Status: Trialing, CreatedAt: ago(1), TrialEnd: ago(-71)},
			"trial_started started:sub_1 2026-11-24"},
		{"a trial ends soon", Subscription{Status: Trialing, CreatedAt: ago(24 * 11), TrialEnd: ago(-71)},
			"trial_ends trial_ends:sub_1:" + trialEnd + " 2026-11-24"},
		{"a trial ends soon that has just begun", Subscription{Status: Trialing, CreatedAt: ago(48), TrialEnd: ago(-71)},
			"trial_started started:sub_1 2026-11-24; trial_ends trial_ends:sub_1:" + trialEnd + " 2026-11-24"},
		{"a trial ends later", Subscription{Status: Trialing, CreatedAt: ago(24 * 5), TrialEnd: ago(-24 * 9)}, ""},
		{"a trial that nothing follows", Subscription{Status: Trialing, CreatedAt: ago(24 * 11), TrialEnd: ago(-71), CancelAtPeriodEnd: true, PeriodEnd: ago(-71)}, ""},
		{"a trial that should be over", Subscription{Status: Trialing, CreatedAt: ago(24 * 15), TrialEnd: ago(1)}, ""},
		{"a renewal fails", Subscription{Status: PastDue, CreatedAt: ago(24 * 30), PeriodStart: ago(1), PastDueSince: mailNow},
			"payment_failed payment_failed:sub_1:in_1 -"},
		{"a renewal failed long ago, and the mirror learns it now", Subscription{Status: PastDue, CreatedAt: ago(24 * 60), PeriodStart: ago(24 * 10), PastDueSince: mailNow}, ""},
		{"it ends", Subscription{Status: Canceled, CreatedAt: ago(24 * 30), EndedAt: ago(1)},
			"plan_ended ended:sub_1 2026-11-21"},
		{"it ended long ago", Subscription{Status: Canceled, CreatedAt: ago(24 * 60), EndedAt: ago(24 * 30)}, ""},
		{"the first payment is open", Subscription{Status: Incomplete, CreatedAt: ago(1)}, ""},
		{"the first payment never came", Subscription{Status: IncompleteExpired, CreatedAt: ago(24)}, ""},
		{"nothing is charged any more", Subscription{Status: Unpaid, PeriodStart: ago(1)}, ""},
	} {
		if got := mailsFor(tt.sub); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestNobodyIsMailedAboutWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	sub := Subscription{ID: "sub_1", UserID: "user", Status: Active, CreatedAt: mailNow}
	if got := Mails(sub, mailCatalog, mailNow); got != nil {
		t.Errorf("a plan that is not in the plans file: got %v", got)
	}
	sub.Items = []SubscriptionItem{{Price: PriceRef{LookupKey: "Basic_monthly_price"}}}
	sub.UserID = ""
	if got := Mails(sub, mailCatalog, mailNow); got != nil {
		t.Errorf("a customer of nobody: got %v", got)
	}
}
