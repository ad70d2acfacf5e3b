package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

// benchPlans is the plans file: rate limits that count every request and that no load reaches.
//
//go:embed plans.json
var benchPlans []byte

// spread is over whom a load spends.
type spread struct {
	name  string
	users int64
}

// The two that are measured. On the hot user every spend waits for the same row.
var (
	randomUsers = spread{"10,000 users at random", spendUsers}
	hotUser     = spread{"one hot user", 1}
	spreads     = []spread{randomUsers, hotUser}
)

// runSpends measures how fast credits are spent: by Payloop, by the textbook, and by pgbench with the update alone.
func (b *bench) runSpends(ctx context.Context) error {
	clean, err := b.makeTemporary()
	if err != nil {
		return err
	}
	defer clean()
	spenders, err := b.spenders(ctx)
	defer closeAll(spenders)
	if err != nil {
		return err
	}
	if err := b.measureCeiling(ctx, "spends", &spends{users: spendUsers}); err != nil {
		return err
	}
	tables := map[spread]table{}
	for _, over := range spreads {
		if tables[over], err = b.measureSpends(ctx, spenders, over); err != nil {
			return err
		}
		b.printSpends(over, names(spenders), tables[over])
	}
	b.printTargets(b.spendTargets(tables))
	return nil
}

// makeTemporary makes the folder for the plans file, and for pgbench's files.
func (b *bench) makeTemporary() (clean func(), err error) {
	if b.temporary, err = os.MkdirTemp("", "payloop-bench-"); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	b.plansFile = filepath.Join(b.temporary, "plans.json")
	if err := os.WriteFile(b.plansFile, benchPlans, 0o600); err != nil {
		return nil, fmt.Errorf("writing the plans file: %w", err)
	}
	return func() { _ = os.RemoveAll(b.temporary) }, nil
}

// spenders makes those that are wanted.
func (b *bench) spenders(ctx context.Context) (all []*spender, err error) {
	add := func(name string, make func() (*spender, error)) {
		if err != nil || !b.wants(name) {
			return
		}
		var s *spender
		if s, err = make(); s != nil {
			all = append(all, s)
		}
	}
	add(textbookName, func() (*spender, error) { return b.textbookSpender(ctx) })
	add(pgbenchName, func() (*spender, error) { return b.pgbenchSpender(ctx) })
	add(payloopName, func() (*spender, error) { return b.payloopSpender(ctx, payloopName, "bench_payloop", spendUsers) })
	return all, err
}

func closeAll(spenders []*spender) {
	for _, s := range spenders {
		_ = s.db.Close()
	}
}

func names(spenders []*spender) (names []string) {
	for _, s := range spenders {
		names = append(names, s.name)
	}
	return names
}

// measureSpends puts each number in flight on each system.
func (b *bench) measureSpends(ctx context.Context, spenders []*spender, over spread) (table, error) {
	return b.inTurn(names(spenders), func(i, inFlight int) (cell, error) {
		s := spenders[i]
		return b.measureSpender(ctx, s, spendLoad{inFlight: inFlight, users: over.users, apart: s.users / spendUsers, warm: b.warm, measure: b.measure})
	})
}

// measureSpender puts a load on a system that has spent nothing yet, and looks whether its ledger is right afterwards.
func (b *bench) measureSpender(ctx context.Context, s *spender, l spendLoad) (cell, error) {
	if err := s.reset(ctx); err != nil {
		return cell{}, err
	}
	if err := b.cluster.settle(ctx); err != nil {
		return cell{}, err
	}
	seen, err := s.load(ctx, l)
	if err != nil {
		return cell{}, fmt.Errorf("%s: %w", s.name, err)
	}
	return seen.cell, s.check(ctx, seen)
}
