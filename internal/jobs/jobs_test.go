package jobs_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/jobs"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/testkit"
)

const patience = 30 * time.Second

func TestMain(m *testing.M) {
	testkit.Main(m, nil) // the tests migrate by themselves
}

func open(t *testing.T) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(testkit.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func migrate(t *testing.T, store *postgres.Store) {
	t.Helper()
	err := store.Exclusively(t.Context(), func(db *sql.DB) error {
		_, err := jobs.Migrate(t.Context(), db)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func start(t *testing.T, store *postgres.Store, log *lockedBuffer, done func(name, outcome string, took time.Duration), list ...jobs.Job) *jobs.Runner {
	t.Helper()
	r, err := jobs.New(jobs.Options{DB: store.DB(), Jobs: list, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Done: done})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r
}

func TestSeveralMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	store := open(t)
	if err := jobs.CheckSchema(t.Context(), store.DB()); err == nil || !strings.Contains(err.Error(), "payloop migrate") {
		t.Errorf("before: got %v", err)
	}
	var wg sync.WaitGroup
	var applied atomic.Int64
	for range 4 {
		wg.Go(func() {
			err := store.Exclusively(t.Context(), func(db *sql.DB) error {
				names, err := jobs.Migrate(t.Context(), db)
				applied.Add(int64(len(names)))
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var versions []int64
	if err := store.Select(t.Context(), &versions, `SELECT count(*) FROM river_migration`); err != nil {
		t.Fatal(err)
	}
	if applied.Load() != versions[0] || versions[0] == 0 {
		t.Errorf("%d migrations were applied, the table has %d", applied.Load(), versions[0])
	}
	if err := jobs.CheckSchema(t.Context(), store.DB()); err != nil {
		t.Errorf("after: got %v", err)
	}
}

func TestAJobRunsOnceForAllReplicasEachTimeItComesRound(t *testing.T) {
	t.Parallel()
	store := open(t)
	migrate(t, store)
	var now, most, times atomic.Int64
	job := jobs.Job{Name: "count", Every: 2 * time.Second, AtStart: true, Timeout: time.Minute, Run: func(context.Context) error {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		times.Add(1)
		return nil
	}}
	var log lockedBuffer
	for range 2 {
		start(t, store, &log, func(string, string, time.Duration) {}, job)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		return times.Load() >= 2, fmt.Sprintf("it ran %d times\n%s", times.Load(), log.String())
	})
	if most.Load() != 1 {
		t.Errorf("%d ran at once", most.Load())
	}
	if strings.Contains(log.String(), "level=INFO") || strings.Contains(log.String(), "level=DEBUG") {
		t.Errorf("River is not quiet:\n%s", log.String())
	}
}

func TestAJobThatFailsIsToldOnceAndDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	store := open(t)
	migrate(t, store)
	outcomes := make(chan string, 100)
	var log lockedBuffer
	start(t, store, &log, func(name, outcome string, _ time.Duration) { outcomes <- name + " " + outcome },
		jobs.Job{Name: "bad", Every: time.Hour, AtStart: true, Timeout: time.Minute, Run: func(context.Context) error { return errors.New("no luck") }},
		jobs.Job{Name: "good", Every: time.Hour, AtStart: true, Timeout: time.Minute, Run: func(context.Context) error { return nil }})
	seen := map[string]bool{}
	testkit.Eventually(t, patience, func() (bool, string) {
		select {
		case o := <-outcomes:
			seen[o] = true
		default:
		}
		return seen["bad error"] && seen["good ok"], fmt.Sprint(seen, log.String())
	})
	if n := strings.Count(log.String(), "no luck"); n != 1 {
		t.Errorf("the error is told %d times:\n%s", n, log.String())
	}
}

func TestAJobWhoseProcessDiedIsTakenUpAgainAfterItsTimeout(t *testing.T) {
	t.Parallel()
	store := open(t)
	migrate(t, store)
	var none []string
	err := store.Select(t.Context(), &none, `
		INSERT INTO river_job (kind, args, state, queue, priority, attempt, max_attempts, attempted_at, attempted_by, scheduled_at)
		SELECT 'periodic', jsonb_build_object('name', name), 'running', 'default', 1, 1, 3, now() - interval '2 minutes', '{dead}', now() - interval '2 minutes'
		FROM unnest('{short,long}'::text[]) AS n (name)
		RETURNING ''`)
	if err != nil {
		t.Fatal(err)
	}
	var short, long atomic.Int64
	count := func(n *atomic.Int64) func(context.Context) error {
		return func(context.Context) error { n.Add(1); return nil }
	}
	var log lockedBuffer
	start(t, store, &log, func(string, string, time.Duration) {},
		jobs.Job{Name: "short", Every: time.Hour, Timeout: time.Minute, Run: count(&short)},
		jobs.Job{Name: "long", Every: time.Hour, Timeout: time.Hour, Run: count(&long)})
	testkit.Eventually(t, 2*patience, func() (bool, string) { return short.Load() == 1, log.String() })
	if long.Load() != 0 {
		t.Error("one whose timeout is not over was taken up, too")
	}
}

func TestStopCutsOffAJobThatDoesNotEndAndMayBeCalledTwice(t *testing.T) {
	t.Parallel()
	store := open(t)
	migrate(t, store)
	running := make(chan struct{})
	ended := make(chan struct{})
	var log lockedBuffer
	r := start(t, store, &log, func(string, string, time.Duration) {}, jobs.Job{Name: "endless", Every: time.Hour, AtStart: true, Timeout: time.Minute,
		Run: func(ctx context.Context) error {
			close(running)
			<-ctx.Done()
			close(ended)
			return ctx.Err()
		}})
	<-running
	r.Stop()
	r.Stop()
	select {
	case <-ended:
	default:
		t.Error("the job is still running")
	}
}

func TestASpacedJobDoesNotComeRoundAgainBecauseOfARestart(t *testing.T) {
	t.Parallel()
	store := open(t)
	migrate(t, store)
	var spaced atomic.Int64
	ran := make(chan struct{}, 10)
	list := []jobs.Job{
		{Name: "spaced", Every: 1000 * time.Hour, AtStart: true, Spaced: true, Timeout: time.Minute, Run: func(context.Context) error {
			spaced.Add(1)
			return nil
		}},
		{Name: "other", Every: time.Hour, AtStart: true, Timeout: time.Minute, Run: func(context.Context) error {
			ran <- struct{}{}
			return nil
		}},
	}
	var log lockedBuffer
	for range 2 {
		r := start(t, store, &log, func(string, string, time.Duration) {}, list...)
		<-ran
		testkit.Eventually(t, patience, func() (bool, string) {
			return spaced.Load() == 1, fmt.Sprintf("it ran %d times\n%s", spaced.Load(), log.String())
		})
		r.Stop()
	}
	if n := spaced.Load(); n != 1 {
		t.Errorf("it ran %d times", n)
	}
}
