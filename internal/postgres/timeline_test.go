package postgres

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

func TestACustomerIsKnownByTheirIDEvenWhenDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	if err := b.ForgetCustomer(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.LinkCustomer(t.Context(), billing.Customer{ID: "cus_new", UserID: c.UserID}); err != nil {
		t.Fatal(err)
	}
	old, err := b.CustomerByID(t.Context(), c.ID)
	if err != nil || !old.Deleted || old.UserID != c.UserID {
		t.Errorf("the deleted one: got %+v, %v", old, err)
	}
	all, err := b.CustomersByUserID(t.Context(), c.UserID)
	if err != nil || len(all) != 2 || all[0].ID != "cus_new" || all[1].ID != c.ID {
		t.Errorf("all: got %+v, %v: want the present one first", all, err)
	}
	if u, err := b.UserByID(t.Context(), c.UserID); err != nil || u.Email != c.Email {
		t.Errorf("the user: got %+v, %v", u, err)
	}
	if _, err := b.CustomerByID(t.Context(), "cus_nobody"); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("nobody: got %v", err)
	}
}

func TestAStoryIsReadFromItsEndAsFarAsItsWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	start := b.now
	for i, amount := range []int64{100, -3, -2, 50, -1} {
		b.now = b.now.Add(time.Minute)
		kind := billing.Spend
		if amount > 0 {
			kind = billing.PlanGrant
		}
		b.enter(c.UserID, amount, kind, fmt.Sprint(i))
		b.store(fmt.Sprint("evt_", i), "invoice.paid", c.ID)
		m := mailOf(billing.User{ID: c.UserID}, fmt.Sprint("started:", i))
		b.put(m)
	}
	for name, tt := range map[string]struct {
		w    Window
		want string
	}{
		"all":            {Window{Limit: 9}, "events 4 3 2 1 0, grants 50 100 50, spends -1 -2 -3, mails 4 3 2 1 0"},
		"the latest":     {Window{Limit: 1}, "events 4, grants 50, spends -1, mails 4"},
		"since the last": {Window{Limit: 9, Since: start.Add(8*time.Minute + time.Second)}, "events 4, grants, spends -1, mails 4"},
	} {
		if diff := cmp.Diff(tt.want, b.story(c, tt.w)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// story sums up what a window shows.
func (b *bundle) story(c billing.Customer, w Window) string {
	b.t.Helper()
	ctx := b.t.Context()
	events, err1 := b.EventsByCustomerIDs(ctx, []string{c.ID}, w)
	grants, err2 := b.GrantsByUserID(ctx, c.UserID, w)
	spends, err3 := b.SpendsByUserID(ctx, c.UserID, w)
	mails, err4 := b.MailsByUserID(ctx, c.UserID, w)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		b.t.Fatal(err)
	}
	var out strings.Builder
	out.WriteString("events")
	for _, e := range events {
		out.WriteString(" " + strings.TrimPrefix(e.ID, "evt_"))
	}
	out.WriteString(", grants")
	for _, e := range grants {
		fmt.Fprint(&out, " ", e.Amount)
	}
	out.WriteString(", spends")
	for _, e := range spends {
		fmt.Fprint(&out, " ", e.Amount)
	}
	out.WriteString(", mails")
	for _, m := range mails {
		out.WriteString(" " + strings.TrimPrefix(m.Key, "started:"))
	}
	return out.String()
}

func TestAStoryIsReadByIndexHoweverLongTheTablesAre(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	for _, statement := range []string{
		`INSERT INTO users (email, password_hash, created_at) SELECT 'many' || n || '@example.com', '', now() FROM generate_series(1, 1000) n`,
		`INSERT INTO stripe_events (id, type, api_version, object_id, customer_id, created_at, received_at, due_at, payload, state, finalized_at)
			SELECT 'evt_' || n, 'invoice.paid', '', '', 'cus_' || n % 1000, now(), now(), now(), '', 'processed', now() FROM generate_series(1, 10000) n`,
		`UPDATE stripe_events SET state = 'pending', finalized_at = NULL WHERE id LIKE 'evt_10__'`,
		`INSERT INTO credit_balances (user_id, refill_at) SELECT id, now() FROM users ON CONFLICT DO NOTHING`,
		`INSERT INTO credit_entries (user_id, amount, kind, key, balance_after, created_at)
			SELECT user_id, CASE WHEN n = 1 THEN 10 ELSE -1 END, CASE WHEN n = 1 THEN 'purchase' ELSE 'spend' END, user_id || ':' || n,
				balance + 11 - n, now()
			FROM generate_series(1, 10) n, credit_balances ORDER BY n`,
		`INSERT INTO outbox (key, user_id, kind, source, plan, created_at, due_at) SELECT id || ':' || n, id, 'plan_ended', '', '', now(), now() FROM users, generate_series(1, 10) n`,
		`INSERT INTO actions (user_id, actor, name, object, at) SELECT id, 'system', 'tried', 'obj_' || n || id, now() FROM users, generate_series(1, 10) n`,
		`ANALYZE`,
	} {
		if _, err := b.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	b.db.SetMaxIdleConns(0) // a fresh connection, which has nothing left to count of the statements above
	b.db.SetMaxIdleConns(1)
	b.db.SetMaxOpenConns(1) // so that all is in the transaction whose reads are counted
	if _, err := b.db.Exec(`BEGIN`); err != nil {
		t.Fatal(err)
	}
	b.story(c, Window{Limit: 200})
	b.actions(c.UserID)
	if _, err := b.ActionsByObject(t.Context(), "evt_17"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CustomersByUserID(t.Context(), c.UserID); err != nil {
		t.Fatal(err)
	}
	var read, whole []string
	err1 := b.Select(t.Context(), &read, `SELECT relname FROM pg_stat_xact_user_tables WHERE idx_scan > 0`)
	err2 := b.Select(t.Context(), &whole, `SELECT relname FROM pg_stat_xact_user_tables WHERE seq_tup_read > 100`)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if len(whole) > 0 || len(read) < 4 {
		t.Errorf("read whole: %q; by index: %q", whole, read)
	}
}
