package main

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Whatever comes together — spends, reservations, grants, refunds, weeks that
// end, from many sides, through two processes that are killed without warning,
// while Postgres crashes — the ledger says the truth, and so did every answer.
func TestInAStormOfSpendsTheLedgerAndEveryAnswerStayTrue(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts processes again and again")
	}
	t.Parallel()
	seed := time.Now().UnixNano() % 1e6
	t.Logf("seed %d", seed)
	s := startStorm(t, seed)
	const callers, calls, kills = 16, 40, 4
	var storm sync.WaitGroup
	for n := range callers {
		storm.Go(func() { s.caller(n, calls) })
	}
	acts := make(chan struct{})
	storm.Go(func() { s.acts(acts) })
	for n := range kills {
		s.waitForAnswers((n + 1) * callers * calls / (kills + 1))
		if n == kills/2 {
			s.restartPostgres()
		}
		s.replicas[n%2].end(syscall.SIGKILL)
	}
	s.waitForAnswers(callers * calls)
	close(acts)
	storm.Wait()
	for i, r := range s.replicas {
		if t.Failed() {
			t.Logf("the last of replica %d's log:\n%s", i, tail(r.log.String(), 8<<10))
		}
		if code := r.stop(syscall.SIGTERM); code != 0 {
			t.Errorf("replica %d ended with %d", i, code)
		}
		if said := wrong.FindString(r.log.String()); said != "" {
			t.Errorf("replica %d: %s", i, said)
		}
	}
	s.checkLedger()
	s.checkAnswers()
	t.Log(s.report())
}

// restartPostgres has Postgres crash, and starts it again.
func (s *storm) restartPostgres() {
	s.t.Helper()
	if err := s.database.stop(true); err != nil {
		s.t.Fatal(err)
	}
	if err := s.database.start(s.t); err != nil {
		s.t.Fatal(err)
	}
}

// checkLedger holds balances against entries, and what is held against the
// open reservations.
func (s *storm) checkLedger() {
	s.t.Helper()
	for what, query := range map[string]string{
		"balances that are not the sum of their entries": `
			SELECT count(*) FROM credit_balances b
			WHERE balance < 0 OR balance <> (SELECT COALESCE(sum(amount), 0) FROM credit_entries e WHERE e.user_id = b.user_id)`,
		"entries that do not follow from those before": `
			SELECT count(*) FROM (
				SELECT balance_after, sum(amount) OVER (PARTITION BY user_id ORDER BY id) AS after FROM credit_entries) e
			WHERE balance_after <> after OR after < 0`,
		"balances that hold something else than open reservations": `
			SELECT count(*) FROM credit_balances b
			WHERE held <> (SELECT COALESCE(sum(amount), 0) FROM credit_reservations r WHERE r.user_id = b.user_id AND state = 'open')`,
		"committed reservations without their entry": `
			SELECT count(*) FROM credit_reservations r
			WHERE state = 'committed' AND 1 <> (SELECT count(*) FROM credit_entries e WHERE e.reason = r.reason AND e.amount = -r.spent)`,
	} {
		if n := s.count(query); n != 0 {
			s.t.Errorf("%d %s", n, what)
		}
	}
}

// checkAnswers holds the entries against what each caller was told.
func (s *storm) checkAnswers() {
	s.t.Helper()
	var entries []struct {
		Reason string
		Amount int64
	}
	if err := s.store.Select(s.t.Context(), &entries, `SELECT reason, amount FROM credit_entries WHERE kind = 'spend'`); err != nil {
		s.t.Fatal(err)
	}
	made := map[string][]int64{}
	for _, e := range entries {
		made[e.Reason] = append(made[e.Reason], -e.Amount)
	}
	for reason, told := range s.told {
		got := made[reason]
		delete(made, reason)
		switch right := fmt.Sprint(got) == fmt.Sprint([]int64{told.amount}); {
		case told.outcome == taken && !right,
			told.outcome == notTaken && len(got) > 0,
			told.outcome == notKnown && len(got) > 0 && !right:
			s.t.Errorf("%s, %d credits: told %s, and the ledger has %v", reason, told.amount, told.outcome, got)
		}
	}
	for reason, amounts := range made {
		s.t.Errorf("nobody asked for %s, and the ledger has %v", reason, amounts)
	}
}
