package main

import (
	"context"
	"fmt"
	"sync"
	"text/tabwriter"
	"time"
)

// What -big compares.
const (
	emptyName = "10,000 subscriptions, no event before"
	fullName  = "100,000 subscriptions, a million events before"
)

const (
	bigSubscriptions = 100_000
	bigEvents        = 1_000_000
	// bigHold is shorter than usual, because there are two to compare.
	bigHold = 20 * time.Second
	// seedBatch is how many events one statement seeds, seeders how many run at a time.
	seedBatch = 25_000
	seeders   = 2
	// seedPrefix begins the ids of events that were there before.
	seedPrefix = "evt_1PxSeeds"
)

// runBig shows that nothing grows with the number of events ever received or of subscriptions: Payloop over an empty
// database and over a full one, in turn.
func (b *bench) runBig(ctx context.Context) error {
	defer b.close()
	empty, err := b.payloopSystem(ctx, emptyName, "bench_payloop", subscriptions)
	if err != nil {
		return err
	}
	full, err := b.payloopSystem(ctx, fullName, "bench_payloop_full", bigSubscriptions)
	if err != nil {
		return err
	}
	b.systems = []*system{empty, full}
	if err := b.fill(ctx, full); err != nil {
		return err
	}
	acked, err := b.measureAcknowledged(ctx)
	if err != nil {
		return err
	}
	b.printAcknowledged(acked)
	if b.hold > 0 {
		if err := b.sustainEach(ctx); err != nil {
			return err
		}
	}
	return b.countEventScans(ctx, full, max(acked[fullName][b.inFlight[0]].applied/2, 1))
}

// countEventScans takes and applies events at that rate meanwhile.
func (b *bench) countEventScans(ctx context.Context, s *system, rate float64) error {
	if err := s.forget(ctx); err != nil {
		return err
	}
	return b.countScans(ctx, s.db, s.program, func(addr string) error {
		_, err := s.send(ctx, load{addr: addr, inFlight: sustainInFlight, rate: rate, measure: scanLoad})
		return err
	})
}

// fill stores the events that were there before, all processed long ago.
func (b *bench) fill(ctx context.Context, s *system) error {
	start := time.Now()
	batches, failed := make(chan int), make(chan error, seeders)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for range seeders {
		wg.Go(func() {
			for first := range batches {
				if err := s.fillBatch(ctx, first, seedBatch); err != nil {
					failed <- err
					cancel()
					return
				}
			}
		})
	}
	for first := 0; first < bigEvents && ctx.Err() == nil; first += seedBatch {
		select {
		case batches <- first:
		case <-ctx.Done():
		}
	}
	close(batches)
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.forgetSQL = []string{`DELETE FROM stripe_events WHERE id LIKE '` + eventPrefix + `%'`, `VACUUM (ANALYZE) stripe_events`}
	fmt.Fprintf(b.out, "%d events were stored before, within %s.\n", bigEvents, time.Since(start).Round(time.Second))
	_, err := s.db.ExecContext(ctx, `VACUUM (ANALYZE)`)
	return err
}

// fillBatch stores as many events as n says, from number first on, evenly over the subscriptions.
func (s *system) fillBatch(ctx context.Context, first, n int) error {
	_, err := s.db.ExecContext(ctx, `
		INSERT INTO stripe_events (id, type, api_version, object_id, customer_id, created_at, received_at, due_at, finalized_at,
			payload, state, attempt, decision, reason)
		SELECT id, 'customer.subscription.updated', '2024-06-20', $3 || number, $4 || number, at, at, at, at,
			convert_to(replace($6, $5, id), 'UTF8'), 'processed', 1, 'payload', 'newer'
		FROM (
			SELECT $7 || substr(md5(i::text), 1, 16) AS id, lpad((i % $8)::text, $9, '0') AS number,
				$10::timestamptz - (i % 2592000) * interval '1 second' AS at
			FROM generate_series($1::bigint, $2::bigint) i
		) AS e`,
		first, first+n-1, subscriptionPrefix, customerPrefix, eventPrefix+mixed(0), eventTemplate,
		seedPrefix, s.stream.subscriptions, plainWidth, s.stream.before())
	if err != nil {
		return fmt.Errorf("storing events before: %w", err)
	}
	return nil
}

// sustainEach finds for both what they apply to the mirror for as long as one likes.
func (b *bench) sustainEach(ctx context.Context) error {
	var all []sustained
	for _, s := range b.systems {
		var r sustained
		if err := b.sustainPayloop(ctx, s, firstProbe, &r); err != nil {
			return err
		}
		all = append(all, r)
	}
	fmt.Fprintf(b.out, "\nFully processed to the mirror, sustained over %s\n\n", b.hold)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "system\tevents/s\tlag p99 at half that rate\tratio\t")
	for i, r := range all {
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t\n", b.systems[i].name, r.rate, millis(r.half.p99), times(r.rate, all[0].rate))
	}
	return w.Flush()
}
