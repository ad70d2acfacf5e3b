package postgres

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

func (b *bundle) put(mails ...billing.Mail) {
	b.t.Helper()
	b.must(func(tx *Tx) error { return tx.PutMails(b.t.Context(), mails) })
}

func (b *bundle) claim() (billing.Mail, bool) {
	b.t.Helper()
	m, ok, err := b.ClaimMail(b.t.Context(), time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	return m, ok
}

func (b *bundle) mailStates() []string {
	b.t.Helper()
	var got []string
	if err := b.Select(b.t.Context(), &got, `SELECT key || ' ' || state || ' ' || last_error FROM outbox ORDER BY key`); err != nil {
		b.t.Fatal(err)
	}
	return got
}

func mailOf(u billing.User, key string) billing.Mail {
	return billing.Mail{Key: key, UserID: u.ID, Kind: billing.PlanStarted, Source: "sub_1", Plan: "Basic"}
}

func TestAMailIsWrittenOnceHoweverManyBringIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	var keys []billing.Mail
	for i := range 20 {
		keys = append(keys, mailOf(u, fmt.Sprint("started:sub_", i)))
	}
	backwards := slices.Clone(keys)
	slices.Reverse(backwards)
	var wg sync.WaitGroup
	for i := range 10 {
		batch := append(slices.Clone(keys), keys...)
		if i%2 == 1 {
			batch = backwards
		}
		wg.Go(func() {
			if err := b.InTx(t.Context(), func(tx *Tx) error { return tx.PutMails(t.Context(), batch) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := b.mailStates(); len(got) != len(keys) {
		t.Errorf("got %d mails, want %d", len(got), len(keys))
	}
}

func TestAMailIsUndoneWithWhatItTells(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	undone := errors.New("undone")
	err := b.InTx(t.Context(), func(tx *Tx) error {
		return errors.Join(tx.PutMails(t.Context(), []billing.Mail{mailOf(u, "started:sub_1")}), undone)
	})
	if !errors.Is(err, undone) || len(b.mailStates()) != 0 {
		t.Errorf("got %v and %v", err, b.mailStates())
	}
}

func TestAClaimedMailSaysWhatIsNeededToWriteIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	started, ended := mailOf(u, "started:sub_1"), mailOf(u, "ended:sub_1")
	ended.Day = b.now.Add(time.Hour)
	b.put(started)
	b.now = b.now.Add(time.Second)
	b.put(ended)
	for _, want := range []billing.Mail{started, ended} {
		got, ok := b.claim()
		if !ok || got.Address != u.Email || got.Attempt != 1 || got.CreatedAt.IsZero() || !got.Day.Equal(want.Day) ||
			got.Key != want.Key || got.UserID != u.ID || got.Kind != want.Kind || got.Plan != "Basic" || got.Source != "sub_1" {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestAMailIsClaimedByOneAndFencedFromOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(mailOf(b.user(), "started:sub_1"))
	first, _ := b.claim()
	if again, ok := b.claim(); ok {
		t.Fatalf("claimed twice: %+v", again)
	}
	b.now = b.now.Add(2 * time.Minute)
	second, ok := b.claim()
	if !ok || second.Attempt != 2 {
		t.Fatalf("after the lease: got %+v, %v", second, ok)
	}
	if err := b.FinishMail(t.Context(), first); !errors.Is(err, billing.ErrFenced) {
		t.Errorf("the first holder: got %v, want ErrFenced", err)
	}
	if err := errors.Join(b.RetryMail(t.Context(), first, "late", 0), b.FailMail(t.Context(), first, "late")); err != nil {
		t.Fatal(err)
	}
	if err := b.FinishMail(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if got := b.mailStates(); got[0] != "started:sub_1 sent " {
		t.Errorf("got %v", got)
	}
}

func TestAMailThatFailedWaitsAndSaysWhy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(mailOf(b.user(), "started:sub_1"))
	m, _ := b.claim()
	if err := b.RetryMail(t.Context(), m, "connection refused", time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, ok := b.claim(); ok {
		t.Error("claimed before its pause was over")
	}
	b.now = b.now.Add(time.Hour)
	m, _ = b.claim()
	if err := b.FailMail(t.Context(), m, "no such address"); err != nil {
		t.Fatal(err)
	}
	if got := b.mailStates(); got[0] != "started:sub_1 failed no such address" || m.Attempt != 2 {
		t.Errorf("got %v after %d attempts", got, m.Attempt)
	}
}

func TestAMailThatWaitedADayExpiresUnsent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	b.put(mailOf(u, "old:1"), mailOf(u, "old:2"))
	b.now = b.now.Add(billing.MailLife - time.Minute/2)
	held, _ := b.claim()
	b.put(mailOf(u, "young"))
	b.now = b.now.Add(time.Minute / 2)
	if n, err := b.ExpireMails(t.Context()); n != 1 || err != nil {
		t.Errorf("expired %d, %v; want the one that nobody holds", n, err)
	}
	if err := b.FinishMail(t.Context(), held); err != nil {
		t.Errorf("the one that was being sent: %v", err)
	}
	if m, ok := b.claim(); !ok || m.Key != "young" {
		t.Errorf("got %+v, %v", m, ok)
	}
}

func TestMailsOfAUserWhoIsGoneAreGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	b.put(mailOf(u, "started:sub_1"))
	if _, err := b.db.Exec(`DELETE FROM users WHERE id = $1`, u.ID); err != nil {
		t.Fatal(err)
	}
	if m, ok := b.claim(); ok {
		t.Errorf("got %+v", m)
	}
}
