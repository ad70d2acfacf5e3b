package main

import (
	"context"
	"fmt"
	"time"
)

// cell is what one system did with one number of events in flight: medians over the rounds, memory the most of any.
type cell struct {
	rate      float64 // acknowledged in a second
	p50, p99  time.Duration
	memory    int64         // bytes
	processor time.Duration // of the server, for each one acknowledged; the work on those before it included
	postgres  time.Duration // of Postgres, for each spend; zero where that is not told
	applied   float64       // events applied to the mirror in a second, meanwhile
}

// table is a cell for each system, by name, and number in flight.
type table map[string]map[int]cell

// measureAcknowledged puts each number in flight on each system.
func (b *bench) measureAcknowledged(ctx context.Context) (table, error) {
	var names []string
	for _, s := range b.systems {
		names = append(names, s.name)
	}
	return b.inTurn(names, func(i, inFlight int) (cell, error) { return b.measureCell(ctx, b.systems[i], inFlight) })
}

// inTurn measures each number in flight on each system in turn, all of it several times over: whatever else goes on on the
// machine then hits all of them.
func (b *bench) inTurn(names []string, measure func(i, inFlight int) (cell, error)) (table, error) {
	seen := map[string]map[int][]cell{}
	for _, name := range names {
		seen[name] = map[int][]cell{}
	}
	for range b.rounds {
		for _, n := range b.inFlight {
			for i, name := range names {
				c, err := measure(i, n)
				if err != nil {
					return nil, err
				}
				seen[name][n] = append(seen[name][n], c)
			}
		}
	}
	t := table{}
	for name, byNumber := range seen {
		t[name] = map[int]cell{}
		for n, cells := range byNumber {
			t[name][n] = middle(cells)
		}
	}
	return t, nil
}

// measureCell runs a fresh process over an empty table of events.
func (b *bench) measureCell(ctx context.Context, s *system, inFlight int) (c cell, err error) {
	p, err := b.fresh(ctx, s)
	if err != nil {
		return cell{}, err
	}
	c, err = b.loadCell(ctx, s, p, inFlight)
	stopAfter(p, &err)
	if err != nil {
		return cell{}, err
	}
	return c, s.checkStored(ctx)
}

func (b *bench) loadCell(ctx context.Context, s *system, p *process, inFlight int) (cell, error) {
	before := p.processorTime()
	o, err := s.send(ctx, load{addr: p.addr, inFlight: inFlight, warm: b.warm, measure: b.measure})
	if err != nil {
		return cell{}, err
	}
	used := p.processorTime() - before
	waiting, err := s.waiting(ctx)
	if err != nil {
		return cell{}, err
	}
	stored := o.sent - int64(len(o.refused))
	if stored == 0 {
		return cell{}, fmt.Errorf("%s acknowledged nothing: %d events were refused", s.name, len(o.refused))
	}
	return cell{
		rate: o.rate(), p50: percentile(o.took, 0.50), p99: percentile(o.took, 0.99), memory: p.peakMemory(),
		processor: used / time.Duration(stored),
		applied:   float64(stored-waiting) / (b.warm + b.measure).Seconds(),
	}, nil
}

// middle takes the median of each figure.
func middle(cells []cell) cell {
	var rates, applied []float64
	var p50, p99, processor, postgres []time.Duration
	var m cell
	for _, c := range cells {
		rates, applied = append(rates, c.rate), append(applied, c.applied)
		p50, p99 = append(p50, c.p50), append(p99, c.p99)
		processor, postgres = append(processor, c.processor), append(postgres, c.postgres)
		m.memory = max(m.memory, c.memory)
	}
	m.rate, m.applied = median(rates), median(applied)
	m.p50, m.p99 = median(p50), median(p99)
	m.processor, m.postgres = median(processor), median(postgres)
	return m
}
