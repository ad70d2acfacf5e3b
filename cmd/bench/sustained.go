package main

import (
	"context"
	"fmt"
	"time"
)

// sustained is what the systems apply to the mirror for as long as one likes.
type sustained struct {
	textbook float64 // events/s, both halves together; zero when it was not measured
	rate     float64 // events/s that Payloop was offered and applied, the queue not growing
	held     queue   // meanwhile
	full     lag     // at that rate
	half     lag     // at half of it
	halfRate float64
}

// lag is from an event's receipt to its end.
type lag struct{ p50, p99 time.Duration }

// sustainInFlight is how many connections carry an offered load: enough that none waits for another's answer.
const sustainInFlight = 64

// measureSustained measures the textbook half before and half after Payloop, because the machine may change meanwhile.
// What the textbook acknowledges is applied.
func (b *bench) measureSustained(ctx context.Context) (*sustained, error) {
	var r sustained
	var halves []float64
	from := float64(firstProbe)
	textbookHalf := func() error {
		s := b.named(textbookName)
		if s == nil {
			return nil
		}
		rate, err := b.holdTextbook(ctx, s)
		halves = append(halves, rate)
		from = max(from, rate)
		return err
	}
	if err := textbookHalf(); err != nil {
		return nil, err
	}
	if s := b.named(payloopName); s != nil {
		if err := b.sustainPayloop(ctx, s, from, &r); err != nil {
			return nil, err
		}
	}
	if err := textbookHalf(); err != nil {
		return nil, err
	}
	if len(halves) == 2 {
		r.textbook = (halves[0] + halves[1]) / 2
	}
	return &r, nil
}

func (b *bench) named(name string) *system {
	for _, s := range b.systems {
		if s.name == name {
			return s
		}
	}
	return nil
}

// fresh starts a system over an empty table of events.
func (b *bench) fresh(ctx context.Context, s *system) (*process, error) {
	if err := s.forget(ctx); err != nil {
		return nil, err
	}
	if err := b.cluster.settle(ctx); err != nil {
		return nil, err
	}
	return s.program.start(ctx)
}

func (b *bench) holdTextbook(ctx context.Context, s *system) (rate float64, err error) {
	p, err := b.fresh(ctx, s)
	if err != nil {
		return 0, err
	}
	o, err := s.send(ctx, load{addr: p.addr, inFlight: sustainInFlight, warm: b.warm, measure: b.hold / 2})
	stopAfter(p, &err)
	if err != nil {
		return 0, err
	}
	return o.rate(), s.check(ctx)
}

// sustainPayloop finds the rate, holds it, and looks at the lag at half of it.
func (b *bench) sustainPayloop(ctx context.Context, s *system, from float64, r *sustained) error {
	p, err := b.fresh(ctx, s)
	if err != nil {
		return err
	}
	err = b.sustain(ctx, s, p, from, r)
	stopAfter(p, &err)
	if err != nil {
		return err
	}
	return s.check(ctx)
}

func (b *bench) sustain(ctx context.Context, s *system, p *process, from float64, r *sustained) (err error) {
	q := prober{bench: b, system: s, process: p}
	if r.rate, err = q.search(ctx, from); err != nil {
		return err
	}
	if r.rate, r.held, r.full, err = q.keep(ctx, r.rate); err != nil {
		return err
	}
	r.halfRate = r.rate / 2
	_, r.half, err = q.offer(ctx, r.halfRate, max(b.hold/3, b.probe))
	return err
}

// check makes sure that nothing was lost on the way to the mirror.
func (s *system) check(ctx context.Context) error {
	n, err := s.waiting(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%s: %d acknowledged events were not applied", s.name, n)
	}
	if err := s.checkStored(ctx); err != nil {
		return err
	}
	return s.checkMirror(ctx)
}
