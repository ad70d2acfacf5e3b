package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

// pgbenchName is the third that spends: Postgres' own benchmark.
const pgbenchName = "pgbench"

// spendUsers is how many there are to spend.
const spendUsers = 10_000

// spender is one of the systems whose spends are measured: its database, how to put a load on it, and how to look into it.
type spender struct {
	name  string
	db    *sql.DB
	users int64
	begin spendState // what every round begins with

	program  program // none: pgbench
	load     func(ctx context.Context, l spendLoad) (spent, error)
	resetSQL []string // brings it back to begin, between rounds
	truthSQL string   // users whose balance is not the sum of their entries, balances below zero, spends since begin
}

// spendState is what lies in the tables before a load.
type spendState struct {
	balance   int64 // of every user
	lastEntry int64 // highest id in the ledger
}

// spendLoad is a load of one-credit spends.
type spendLoad struct {
	inFlight      int
	users         int64 // so many spend, at random; 1: all spends are from one balance
	apart         int64 // the numbers of two of them differ by so much, or a multiple
	warm, measure time.Duration
}

// spent is what came of a load.
type spent struct {
	cell
	made   int64 // spends that were answered with 200
	unsure int64 // answered with a server's error, which promises nothing
}

// server makes a load function of a program that answers HTTP. Every user spends once before the load: in a minute in which
// millions of spends are made, first ones are few, and in a few seconds of a load they would be many.
func (b *bench) server(p program) func(context.Context, spendLoad) (spent, error) {
	return func(ctx context.Context, l spendLoad) (s spent, err error) {
		running, err := p.start(ctx)
		if err != nil {
			return spent{}, err
		}
		defer stopAfter(running, &err)
		first, err := b.send(ctx, running, load{work: &spends{users: l.users, apart: l.apart, once: true}, inFlight: firstInFlight, measure: firstWithin})
		if err != nil {
			return spent{}, err
		}
		s, err = b.send(ctx, running, load{work: &spends{users: l.users, apart: l.apart}, inFlight: l.inFlight, warm: l.warm, measure: l.measure})
		s.made, s.unsure, s.memory = s.made+first.made, s.unsure+first.unsure, running.peakMemory()
		return s, err
	}
}

// How the first spend of each user is sent.
const (
	firstInFlight = 64
	firstWithin   = time.Minute
)

// send measures what a load costs the server and Postgres.
func (b *bench) send(ctx context.Context, to *process, l load) (s spent, err error) {
	l.addr = to.addr
	ours, theirs := to.processorTime(), b.cluster.processorTime()
	o, err := l.run(ctx)
	if err != nil {
		return spent{}, err
	}
	if s, err = counted(o); err != nil {
		return spent{}, err
	}
	s.processor = (to.processorTime() - ours) / time.Duration(s.made)
	s.postgres = (b.cluster.processorTime() - theirs) / time.Duration(s.made)
	return s, nil
}

// counted refuses a load with answers that no spend here should get.
func counted(o outcome) (spent, error) {
	s := spent{cell: cell{rate: o.rate(), p50: percentile(o.took, 0.50), p99: percentile(o.took, 0.99)}, made: o.sent}
	for _, status := range o.refused {
		if status < http.StatusInternalServerError {
			return spent{}, fmt.Errorf("a spend was answered with %d", status)
		}
		s.made--
		s.unsure++
	}
	if s.made == 0 {
		return spent{}, fmt.Errorf("no spend was made: %d were refused", s.unsure)
	}
	return s, nil
}

// payloopSpender makes and seeds Payloop's database: users with a subscription, a balance and an API key each.
func (b *bench) payloopSpender(ctx context.Context, name, database string, users int64) (*spender, error) {
	dsn, err := b.cluster.create(ctx, database)
	if err != nil {
		return nil, err
	}
	p, err := b.payloopProgram(dsn, "PLANS_FILE="+b.plansFile)
	if err != nil {
		return nil, err
	}
	if err := p.with("migrate").runOnce(); err != nil {
		return nil, err
	}
	return b.newSpender(ctx, dsn, payloopSpends(name, users), p.with("serve"), payloopSpendSeeds())
}

// textbookSpender does the same for the textbook, which this program serves when asked to.
func (b *bench) textbookSpender(ctx context.Context) (*spender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dsn, err := b.cluster.create(ctx, "bench_textbook")
	if err != nil {
		return nil, err
	}
	p := program{path: self, args: []string{"textbook-spends"}, environ: environment("DATABASE_URL=" + dsn)}
	return b.newSpender(ctx, dsn, textbookSpends(), p, spendTextbookSeeds())
}

// newSpender connects to a database and fills it.
func (b *bench) newSpender(ctx context.Context, dsn string, s *spender, p program, seeds []string) (_ *spender, err error) {
	s.program, s.load = p, b.server(p)
	if s.db, err = openDatabase(ctx, dsn); err != nil {
		return nil, err
	}
	if err := seed(ctx, s.db, s.users, time.Now().Add(-time.Hour), seeds); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.name, err), s.db.Close())
	}
	s.begin = spendState{balance: seededCredits, lastEntry: s.users}
	return s, nil
}
