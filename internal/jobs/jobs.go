// Package jobs runs what comes round by itself, on River: one replica of all
// is the leader and puts jobs into the queue when they are due, any of them
// works them off. A job is there once, however many replicas there are.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivertype"
)

const (
	// pollEvery is how often a replica looks for jobs. Nobody waits for them.
	pollEvery = 5 * time.Second
	// stopGrace is how long jobs in hand may go on when the process stops. They
	// can all be begun anew.
	stopGrace = 5 * time.Second
	// keepFor is how long the rows of finished jobs are kept to look at.
	keepFor = 24 * time.Hour
	// rescueAfter is when a job that still counts as running is looked at: past
	// its own timeout whoever had it has died, and it is taken up again. River
	// would wait for an hour, in which the job could not come round.
	rescueAfter = time.Minute
	// attempts is how often a job is tried: it comes round again anyway.
	attempts = 3
	// width is how many jobs one replica works on at once: all that there are,
	// so that a long walk over Stripe's objects does not hold up the mails.
	width = 8
)

// Job is something that comes round.
type Job struct {
	Name    string        // two characters at least, as metrics and River's tables show it
	Every   time.Duration // from one time it is due to the next
	AtStart bool          // also when a replica becomes the leader
	Spaced  bool          // but not if it came round in the same period already, such as before a restart
	Timeout time.Duration // after which it is cut off, or given to another replica when its own has died
	Run     func(ctx context.Context) error
}

// Options are the settings of a Runner.
type Options struct {
	DB   *sql.DB
	Jobs []Job
	Log  *slog.Logger
	Done func(name, outcome string, took time.Duration) // told of each attempt: ok or error
}

// Runner works jobs off.
type Runner struct {
	client   *river.Client[*sql.Tx]
	stopOnce sync.Once
	started  bool
}

// New returns a runner that is not started yet.
func New(o Options) (*Runner, error) {
	workers := river.NewWorkers()
	w := &worker{jobs: map[string]Job{}, done: o.Done, log: o.Log}
	if err := river.AddWorkerSafely(workers, w); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	var periodic []*river.PeriodicJob
	for _, j := range o.Jobs {
		w.jobs[j.Name] = j
		periodic = append(periodic, river.NewPeriodicJob(river.PeriodicInterval(j.Every),
			func() (river.JobArgs, *river.InsertOpts) { return args{Name: j.Name}, j.insertOpts() },
			&river.PeriodicJobOpts{ID: j.Name, RunOnStart: j.AtStart}))
	}
	client, err := river.NewClient(riverdatabasesql.New(o.DB), &river.Config{
		CompletedJobRetentionPeriod: keepFor,
		CancelledJobRetentionPeriod: keepFor,
		DiscardedJobRetentionPeriod: keepFor,
		FetchCooldown:               time.Second,
		FetchPollInterval:           pollEvery,
		Logger:                      slog.New(atLeastWarn{o.Log.Handler()}),
		MaxAttempts:                 attempts,
		PeriodicJobs:                periodic,
		RescueStuckJobsAfter:        rescueAfter,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: width}},
		SoftStopTimeout:             stopGrace,
		Workers:                     workers,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &Runner{client: client}, nil
}

// Start begins to work until Stop.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	r.started = true
	return nil
}

// Stop takes no more jobs, waits a little for those in hand, cuts off what is
// left, and returns. It may be called twice.
func (r *Runner) Stop() {
	if !r.started {
		return
	}
	r.stopOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*stopGrace)
		defer cancel()
		_ = r.client.Stop(ctx) // its error only says that a job did not end in time
	})
}

// args name a job. There is at most one of each that has not ended.
type args struct {
	Name string `json:"name" river:"unique"`
}

// Kind is River's name for all our jobs.
func (args) Kind() string { return "periodic" }

// insertOpts keep a job from being queued while the same one waits or runs.
// Those that have ended do not count, as they would by default, unless the job
// is to be spaced.
func (j Job) insertOpts() *river.InsertOpts {
	unique := river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}}
	if j.Spaced {
		unique.ByPeriod = j.Every
		unique.ByState = append(unique.ByState, rivertype.JobStateCompleted)
	}
	return &river.InsertOpts{UniqueOpts: unique}
}

type worker struct {
	river.WorkerDefaults[args]
	jobs map[string]Job
	done func(name, outcome string, took time.Duration)
	log  *slog.Logger
}

// Timeout bounds one attempt.
func (w *worker) Timeout(job *river.Job[args]) time.Duration { return w.jobs[job.Args.Name].Timeout }

// Work runs a job. One that is cut off because the process stops is tried again
// by whoever is there then.
func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	j, known := w.jobs[job.Args.Name]
	if !known { // of a version that is no longer or not yet this one
		return river.JobCancel(fmt.Errorf("no job is called %q here", job.Args.Name))
	}
	began := time.Now()
	err := j.Run(ctx)
	outcome := "ok"
	if err != nil {
		outcome = "error"
		if !errors.Is(err, context.Canceled) {
			w.log.Warn("A job failed", "job", j.Name, "attempt", job.Attempt, "error", err)
		}
	}
	w.done(j.Name, outcome, time.Since(began))
	return err
}
