package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

func (b *bundle) actions(userID string) []string {
	b.t.Helper()
	actions, err := b.ActionsByUserID(b.t.Context(), userID, Window{Limit: 20})
	if err != nil {
		b.t.Fatal(err)
	}
	var lines []string
	for _, a := range actions {
		lines = append(lines, fmt.Sprint(a.Actor, " ", a.Name, " ", a.Object, " ", a.Detail))
	}
	return lines
}

func TestWhatIsDoneIsRecordedWithItAndOnlyWhenItIsDone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	if _, err := b.CreateUser(t.Context(), c.Email, "hash"); err == nil {
		t.Fatal("the address was taken")
	}
	want := billing.Checkout{UserID: c.UserID, Plan: "Basic", Interval: billing.Month, PriceID: "price_1"}
	for range 3 {
		if _, err := b.BeginCheckout(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if err := b.ForgetCustomer(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.ReplaceAPIKey(t.Context(), c.UserID, make([]byte, 32), "pk_abc"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{
		"customer api_key_made  default, pk_abc…",
		"system customer_forgotten " + c.ID + " ",
		"customer checkout_started  Basic, month",
		"customer signed_up  ",
	}, b.actions(c.UserID)); diff != "" {
		t.Error(diff)
	}
}

func TestActionsKeepTheTimeThatTheyAreGiven(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	repaired := billing.Action{UserID: u.ID, Actor: billing.BySystem, Name: billing.ReconcileRepaired, Object: "sub_1", Detail: "status\x00", At: b.now.Add(-time.Hour)}
	if err := b.RecordActions(t.Context(), repaired, billing.Action{Actor: billing.ByOperator, Name: billing.EventRetried, Object: "evt_1"}); err != nil {
		t.Fatal(err)
	}
	got, err := b.ActionsByObject(t.Context(), "sub_1")
	repaired.Detail = "status"
	if err != nil || len(got) != 1 || !got[0].At.Equal(repaired.At) {
		t.Fatalf("got %+v, %v", got, err)
	}
	got[0].At = repaired.At
	if diff := cmp.Diff(repaired, got[0]); diff != "" {
		t.Error(diff)
	}
	if got := b.actions(u.ID); len(got) != 2 {
		t.Errorf("what concerns nobody stands in somebody's timeline: %q", got)
	}
}
