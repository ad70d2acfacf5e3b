package postgres

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

func TestMigrationsGoUpDownAndUpAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	schema := func() string {
		var columns []string
		err := b.Select(t.Context(), &columns, `SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(columns, "\n")
	}
	up := schema()
	if err := b.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := schema(); strings.Contains(left, "users.") {
		t.Errorf("down leaves\n%s", left)
	}
	if err := b.CheckSchema(t.Context()); err == nil {
		t.Error("an empty database passes for one that is up to date")
	}
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(up, schema()); diff != "" {
		t.Error(diff)
	}
}

func TestReplicasThatMigrateAtOnceTakeTurns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wg.Go(func() { _, errs[i] = b.Migrate(t.Context()) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if err := b.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheDatabaseRefusesWhatMustNotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	for constraint, statement := range map[string]string{
		"credit_balances_never_negative":            `SET LOCAL session_replication_role = replica; UPDATE credit_balances SET balance = -1`,
		"credit_balances_held_is_there":             `UPDATE credit_balances SET held = balance + 1`,
		"a balance moves by ledger entries alone":   `UPDATE credit_balances SET balance = balance + 1`,
		"does not lead to the balance it names":     `INSERT INTO credit_entries (user_id, amount, kind, balance_after, created_at) SELECT user_id, -1, 'spend', balance - 2, now() FROM credit_balances`,
		"credit_entries_balance_not_negative":       `INSERT INTO credit_entries (user_id, amount, kind, balance_after, created_at) SELECT user_id, -balance - 1, 'spend', -1, now() FROM credit_balances`,
		"credit_entries is append-only":             `UPDATE credit_entries SET amount = 1000000`,
		"credit_entries_key_key":                    `INSERT INTO credit_entries (user_id, amount, kind, key, balance_after, created_at) SELECT user_id, -1, 'spend', key, balance_after - 1, now() FROM credit_entries`,
		"users_email_key":                           `INSERT INTO users (email, password_hash, created_at) SELECT upper(email), '', now() FROM users`,
		"stripe_events_final_iff_finalized":         `INSERT INTO stripe_events (id, type, api_version, object_id, created_at, received_at, payload, state, due_at) VALUES ('evt_1', '', '', '', now(), now(), '', 'processed', now())`,
		"checkouts_open_has_session":                `INSERT INTO checkouts (user_id, plan, interval, price_id, state, created_at, as_of) VALUES ('` + u.ID + `', '', '', '', 'open', now(), now())`,
		"subscriptions_past_due_since_iff_past_due": `INSERT INTO subscriptions (id, user_id, customer_id, status, period_start, period_end, cancel_at_period_end, collection_paused, latest_invoice_id, created_at, as_of) VALUES ('sub_1', '` + u.ID + `', '', 'past_due', now(), now(), false, false, '', now(), now())`,
		"outbox_sent_iff_sent_at":                   `INSERT INTO outbox (key, user_id, kind, source, plan, created_at, due_at, state) VALUES ('k', '` + u.ID + `', 'plan_ended', '', '', now(), now(), 'sent')`,
		"actions_actor_known":                       `INSERT INTO actions (actor, name, at) VALUES ('nobody', 'x', now())`,
		"api_keys_hash_is_sha256":                   `INSERT INTO api_keys (user_id, hash, prefix, created_at) VALUES ('` + u.ID + `', 'plain', '', now())`,
		"api_keys_slot_known":                       `INSERT INTO api_keys (user_id, hash, prefix, created_at, slot) VALUES ('` + u.ID + `', sha256('k'), '', now(), 26)`,
		"api_keys_slot_key":                         `INSERT INTO api_keys (user_id, hash, prefix, created_at, name) VALUES ('` + u.ID + `', sha256('k'), '', now(), 'a'), ('` + u.ID + `', sha256('l'), '', now(), 'b')`,
		"api_keys_name_key":                         `INSERT INTO api_keys (user_id, hash, prefix, created_at, name, slot) VALUES ('` + u.ID + `', sha256('k'), '', now(), 'CI', 1), ('` + u.ID + `', sha256('l'), '', now(), 'ci', 2)`,
	} {
		if _, err := b.db.Exec(statement); err == nil || !strings.Contains(err.Error(), constraint) {
			t.Errorf("%s: got %v", constraint, err)
		}
	}
}

func TestAGrantCountsOnceHoweverManyBringIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	var wg sync.WaitGroup
	other := b.user()
	grant := func(userID string) billing.Grant {
		return billing.Grant{UserID: userID, Amount: 1000, Kind: billing.PlanGrant, Key: billing.InvoiceKey("in_" + userID)}
	}
	for i := range 10 {
		grants := []billing.Grant{grant(u.ID), grant(other.ID), grant(u.ID)}
		if i%2 > 0 {
			slices.Reverse(grants)
		}
		wg.Go(func() {
			if err := b.InTx(t.Context(), func(tx *Tx) error { return tx.grant(t.Context(), grants) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range []string{u.ID, other.ID} {
		entries, err := b.Entries(t.Context(), id, billing.EntryQuery{Limit: 10})
		if err != nil || len(entries) != 2 || entries[0].BalanceAfter != 1050 || b.balance(id) != 1050 {
			t.Errorf("balance %d, entries %+v, %v: want one grant of 1000 over 50", b.balance(id), entries, err)
		}
	}
}

func TestARefundWaitsUntilTheOrderIsPaidAndHasGranted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	order := billing.Order{SessionID: "cs_1", UserID: c.UserID, PaymentIntentID: "pi_1", Plan: "Basic", Total: billing.Money{Amount: 500, Currency: "usd"},
		Credits: 1000, Status: billing.OrderPending, CreatedAt: b.now, AsOf: b.now}
	session := billing.ObjectRef{Kind: billing.SessionObject, ID: "cs_1"}
	charge := billing.ObjectRef{Kind: billing.ChargeObject, ID: "ch_1"}
	write := func(change billing.Change) error {
		t.Helper()
		leftOut, err := b.WriteWorks(t.Context(), []billing.Work{{Change: change}})
		if err != nil {
			t.Fatal(err)
		}
		return leftOut[change.Ref]
	}
	refund := billing.Change{Ref: charge, Charge: &billing.Charge{ID: "ch_1", PaymentIntentID: "pi_1", Amount: 500, AmountRefunded: 500, Ours: true}}
	if err := write(billing.Change{Ref: session, Order: &order}); err != nil {
		t.Fatal(err)
	}
	if err := write(refund); !errors.Is(err, errNoOrder) {
		t.Errorf("before the money was seen to come: got %v, want %v", err, errNoOrder)
	}
	order.Status = billing.OrderPaid
	grant := billing.Grant{UserID: c.UserID, Amount: 1000, Kind: billing.Purchase, Key: billing.SessionKey("cs_1")}
	if err := write(billing.Change{Ref: session, Order: &order, Grant: &grant}); err != nil {
		t.Fatal(err)
	}
	if err := write(refund); err != nil || b.balance(c.UserID) != 50 {
		t.Errorf("got %v, and %d credits, want 50", err, b.balance(c.UserID))
	}
}

func TestARefundTakesBackDownToZeroAndRecordsTheShortfall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	charge := func(refunded int64) billing.Charge {
		return billing.Charge{ID: "ch_1", CustomerID: c.ID, PaymentIntentID: "pi_1", Amount: 500, AmountRefunded: refunded, ReceiptURL: "https://receipt.example"}
	}
	refund := func(amount int64) {
		b.must(func(tx *Tx) error {
			found, err := tx.putOrderCharge(t.Context(), charge(amount))
			if err == nil && !found {
				err = errors.New("the order was not found")
			}
			return err
		})
	}
	b.must(func(tx *Tx) error {
		err := tx.putOrder(t.Context(), billing.Order{SessionID: "cs_1", UserID: c.UserID, PaymentIntentID: "pi_1", Plan: "Basic", Total: billing.Money{Amount: 500, Currency: "usd"}, Credits: 1000, Status: billing.OrderPaid, CreatedAt: b.now, AsOf: b.now})
		if err != nil {
			return err
		}
		return tx.grant(t.Context(), []billing.Grant{{UserID: c.UserID, Amount: 1000, Kind: billing.Purchase, Key: billing.SessionKey("cs_1")}})
	})
	refund(0)
	refund(250)
	refund(250)
	refund(100) // an older state
	if got := b.balance(c.UserID); got != 550 {
		t.Errorf("after half the money went back: got %d, want 550", got)
	}
	b.enter(c.UserID, 120-b.balance(c.UserID), billing.Spend, "")
	refund(500)
	refund(500)
	if got := b.balance(c.UserID); got != 0 {
		t.Errorf("after all of it went back: got %d, want 0", got)
	}
	entries, err := b.Entries(t.Context(), c.UserID, billing.EntryQuery{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if last := entries[0]; last.Amount != -120 || last.Shortfall != 380 || last.Kind != billing.Refund || len(entries) != 5 {
		t.Errorf("got %+v, %d entries", last, len(entries))
	}
	orders, err := b.OrdersByUserID(t.Context(), c.UserID, 10)
	if err != nil || orders[0].Status != billing.OrderRefunded || orders[0].AmountRefunded != 500 || orders[0].ReceiptURL == "" {
		t.Errorf("got %+v, %v", orders, err)
	}
}

func TestAnOrderOnlyMovesForward(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	for _, tt := range []struct{ put, want billing.OrderStatus }{
		{billing.OrderPending, billing.OrderPending},
		{billing.OrderFailed, billing.OrderFailed},
		{billing.OrderPending, billing.OrderFailed},
		{billing.OrderPaid, billing.OrderPaid},
		{billing.OrderFailed, billing.OrderPaid},
	} {
		b.must(func(tx *Tx) error {
			return tx.putOrder(t.Context(), billing.Order{SessionID: "cs_1", UserID: u.ID, Plan: "Basic", Total: billing.Money{Amount: 500, Currency: "usd"}, Status: tt.put, CreatedAt: b.now, AsOf: b.now})
		})
		orders, err := b.OrdersByUserID(t.Context(), u.ID, 1)
		if err != nil || orders[0].Status != tt.want {
			t.Errorf("after %s: got %v, %v, want %s", tt.put, orders, err, tt.want)
		}
	}
}

func TestASubscriptionIsWrittenByCompareAndSet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	ref := billing.ObjectRef{Kind: billing.SubscriptionObject, ID: "sub_1"}
	put := func(status billing.SubscriptionStatus, v billing.Version) error {
		sub := billing.Subscription{ID: "sub_1", UserID: c.UserID, CustomerID: c.ID, Status: status, PeriodStart: b.now, PeriodEnd: b.now, CreatedAt: b.now, AsOf: b.now,
			Items: []billing.SubscriptionItem{{ID: "si_1", Quantity: 2, Price: billing.PriceRef{ID: "price_1", Plan: "Basic", Amount: 500, Interval: billing.Month}}}}
		if status == billing.PastDue {
			sub.PastDueSince = b.now
		}
		leftOut, err := b.WriteWorks(t.Context(), []billing.Work{{Change: billing.Change{Ref: ref, Version: v, Subscription: &sub}}})
		if err != nil {
			return err
		}
		return leftOut[ref]
	}
	version := func() billing.Version {
		versions, err := b.MirrorVersions(t.Context(), []billing.ObjectRef{ref})
		if err != nil {
			t.Fatal(err)
		}
		return versions[ref]
	}
	if v := version(); v.Known {
		t.Fatalf("got %+v for a row that is not there", v)
	}
	if err := put(billing.Incomplete, billing.Version{}); err != nil {
		t.Fatal(err)
	}
	if err := put(billing.Active, billing.Version{}); !errors.Is(err, billing.ErrStale) {
		t.Errorf("a second creation: got %v, want ErrStale", err)
	}
	old := version()
	if old.Final {
		t.Error("an incomplete subscription passes for final")
	}
	if err := put(billing.Active, old); err != nil {
		t.Fatal(err)
	}
	if err := put(billing.Canceled, old); !errors.Is(err, billing.ErrStale) {
		t.Errorf("over an old version: got %v, want ErrStale", err)
	}
	if err := put(billing.PastDue, version()); err != nil {
		t.Fatal(err)
	}
	since := b.now
	b.now = b.now.Add(time.Hour)
	if err := put(billing.PastDue, version()); err != nil {
		t.Fatal(err)
	}
	subs, err := b.SubscriptionsByUserID(t.Context(), c.UserID)
	if err != nil || len(subs) != 1 || !subs[0].PastDueSince.Equal(since) || subs[0].Items[0].Quantity != 2 || subs[0].Items[0].Price.Plan != "Basic" {
		t.Errorf("got %+v, %v", subs, err)
	}
	if err := put(billing.Active, version()); err != nil {
		t.Fatal(err)
	}
}

func TestConcurrentCheckoutsShareOneAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	var wg sync.WaitGroup
	ids := make([]string, 10)
	for i := range ids {
		wg.Go(func() {
			c, err := b.BeginCheckout(t.Context(), billing.Checkout{UserID: u.ID, Plan: fmt.Sprint(i), Interval: billing.Month, PriceID: "price_1"})
			if err != nil {
				t.Error(err)
			}
			ids[i] = c.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("got attempts %v", ids)
		}
	}
	session := billing.CheckoutSession{ID: "cs_1", URL: "https://x", CreatedAt: b.now}
	for _, want := range []bool{true, true} {
		if ok, err := b.AttachSession(t.Context(), ids[0], session); ok != want || err != nil {
			t.Errorf("attach: got %v, %v", ok, err)
		}
	}
	if err := b.AbandonCheckout(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	if c, err := b.OpenCheckout(t.Context(), u.ID); err != nil || c.SessionID != "cs_1" {
		t.Errorf("giving up an attempt that has its session closed it: %+v, %v", c, err)
	}
	if err := b.ExpireCheckout(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	if ok, err := b.AttachSession(t.Context(), ids[0], session); ok || err != nil {
		t.Errorf("a closed attempt took a session: %v, %v", ok, err)
	}
}

func TestTheFirstCustomerOfAUserWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.customer()
	second, err := b.LinkCustomer(t.Context(), billing.Customer{ID: "cus_second", UserID: first.UserID})
	if err != nil || second.ID != first.ID {
		t.Errorf("got %+v, %v, want %s", second, err, first.ID)
	}
	if err := b.ForgetCustomer(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	third, err := b.LinkCustomer(t.Context(), billing.Customer{ID: "cus_third", UserID: first.UserID})
	if err != nil || third.ID != "cus_third" {
		t.Errorf("after the first was deleted: got %+v, %v", third, err)
	}
}

func TestALinkedCustomerIsAsOldAsStripesAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.now.Add(-time.Hour)
	user := b.user()
	if _, err := b.LinkCustomer(t.Context(), billing.Customer{ID: "cus_1", UserID: user.ID, AsOf: made}); err != nil {
		t.Fatal(err)
	}
	ref := billing.ObjectRef{Kind: billing.CustomerObject, ID: "cus_1"}
	versions, err := b.MirrorVersions(t.Context(), []billing.ObjectRef{ref})
	if err != nil || !versions[ref].AsOf.Equal(made) {
		t.Errorf("got %v, %v: a change of half an hour ago would be taken for older", versions[ref].AsOf, err)
	}
}

func TestAnEventIsClaimedByOneAndFencedFromOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := billing.Event{ID: "evt_1", Type: "invoice.paid", ObjectID: "in_1", CreatedAt: b.now, Payload: []byte(`{"nul":"\u0000"}`)}
	for i, want := range []bool{true, false} {
		if stored, err := b.StoreEvents(t.Context(), []billing.Event{e}); err != nil || stored[0] != want {
			t.Errorf("store %d: got %v, %v", i, stored, err)
		}
	}
	first := b.claimEvents()
	if len(first) != 1 || first[0].Attempt != 1 || first[0].Size != len(e.Payload) {
		t.Fatalf("got %+v", first)
	}
	if payloads, err := b.EventPayloads(t.Context(), []string{"evt_1"}); err != nil || string(payloads["evt_1"]) != string(e.Payload) {
		t.Errorf("got %q, %v", payloads, err)
	}
	if again := b.claimEvents(); len(again) > 0 {
		t.Fatal("claimed twice")
	}
	b.now = b.now.Add(2 * time.Minute)
	second := b.claimEvents()
	if len(second) != 1 || second[0].Attempt != 2 {
		t.Fatalf("after the lease: got %+v", second)
	}
	if _, err := b.WriteWorks(t.Context(), []billing.Work{{Events: first}}); !errors.Is(err, billing.ErrFenced) {
		t.Errorf("the first holder: got %v, want ErrFenced", err)
	}
	for _, tooLate := range []error{b.RetryEvents(t.Context(), first, "late"), b.FailEvent(t.Context(), first[0], "late"),
		b.ReleaseEvents(t.Context(), first), b.MoveToFetch(t.Context(), first)} {
		if tooLate != nil {
			t.Fatal(tooLate)
		}
	}
	if _, err := b.WriteWorks(t.Context(), []billing.Work{{Events: second}}); err != nil {
		t.Fatal(err)
	}
	if got, err := b.EventByID(t.Context(), "evt_1"); err != nil || got.State != billing.EventProcessed {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestABatchOfEventsIsStoredOnceEachByteForByte(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bodies := []string{"{}", "{\n  \"text\": \"\\u0000 \\\\ '\xff\"\n}", strings.Repeat("x", 1<<20)}
	event := func(id, body string) billing.Event {
		return billing.Event{ID: id, Type: "t", CreatedAt: b.now, Payload: []byte(body)}
	}
	stored, err := b.StoreEvents(t.Context(), []billing.Event{
		event("evt_a", bodies[0]), event("evt_b", bodies[1]), event("evt_a", "another"), event("evt_c", bodies[2])})
	if err != nil || !slices.Equal(stored, []bool{true, true, false, true}) {
		t.Fatalf("got %v, %v", stored, err)
	}
	for i, id := range []string{"evt_a", "evt_b", "evt_c"} {
		e, err := b.EventByID(t.Context(), id)
		if err != nil || string(e.Payload) != bodies[i] || !e.CreatedAt.Equal(b.now.Truncate(time.Second)) {
			t.Errorf("%s: %v, %d bytes, created %s", id, err, len(e.Payload), e.CreatedAt)
		}
	}
}

func TestBatchesWithTheSameEventsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var events []billing.Event
	for i := range 50 {
		events = append(events, billing.Event{ID: fmt.Sprintf("evt_%03d", i), CreatedAt: b.now, Payload: []byte("{}")})
	}
	var wg sync.WaitGroup
	for round := range 20 {
		for range 4 {
			batch := slices.Clone(events)
			for i := range batch {
				batch[i].ID = fmt.Sprint(batch[i].ID, "_", round)
			}
			rand.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
			wg.Go(func() {
				if _, err := b.StoreEvents(t.Context(), batch); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}

func TestARowThatBreaksARuleIsRefusedByName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := billing.Event{ID: "evt_1", CreatedAt: b.now, Payload: []byte("{}")}
	bad := good
	bad.ID = "evt_\x00"
	if _, err := b.StoreEvents(t.Context(), []billing.Event{good, bad}); !errors.Is(err, billing.ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
	if _, err := b.EventByID(t.Context(), good.ID); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("half a batch was stored: %v", err)
	}
}

func TestAFailedEventSaysWhy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.StoreEvents(t.Context(), []billing.Event{{ID: "evt_1", CreatedAt: b.now, Payload: []byte("{}")}}); err != nil {
		t.Fatal(err)
	}
	if err := b.RetryEvents(t.Context(), b.claimEvents(), "first try"); err != nil {
		t.Fatal(err)
	}
	if early := b.claimEvents(); len(early) > 0 {
		t.Error("claimed before its pause was over")
	}
	b.now = b.now.Add(time.Minute)
	if err := b.FailEvent(t.Context(), b.claimEvents()[0], "nobody knows it\x00"); err != nil {
		t.Fatal(err)
	}
	if got, err := b.EventByID(t.Context(), "evt_1"); err != nil || got.State != billing.EventFailed || got.LastError != "nobody knows it" || got.Attempt != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestExpiredSessionsSignNobodyInAndAreRemoved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	hash := make([]byte, 32)
	if err := b.CreateSession(t.Context(), billing.Session{TokenHash: hash, UserID: u.ID, ExpiresAt: b.now.Add(time.Hour)}, nil); err != nil {
		t.Fatal(err)
	}
	if got, _, err := b.UserBySession(t.Context(), hash); err != nil || got.ID != u.ID {
		t.Errorf("got %+v, %v", got, err)
	}
	b.now = b.now.Add(time.Hour)
	if _, _, err := b.UserBySession(t.Context(), hash); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
	if n, err := b.DeleteExpiredSessions(t.Context()); n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
}

func TestOpenDoesNotQuoteThePassword(t *testing.T) {
	t.Parallel()
	if _, err := Open("postgres://u:hunter2@h/d?sslmode=nonsense"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
