package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
)

const (
	// eventChunk is how many events one statement touches: few enough to be
	// over in a moment.
	eventChunk = 500
	// toldAlone is how many events are named one by one in the answer.
	toldAlone = 20
)

// again has events worked on again.
type again struct {
	store  *postgres.Store
	out    io.Writer
	update func(ctx context.Context, ids []string) (changed []string, err error)
	done   string // what the events are then
}

// agreed asks before many events are replayed.
func (a again) agreed(in io.Reader, n int) bool {
	fmt.Fprintf(a.out, "%d events will be worked on once more, and Stripe asked for their objects. Go on? [y/N] ", n)
	answer, _ := bufio.NewReader(in).ReadString('\n') // no answer is a no
	fmt.Fprintln(a.out)
	return slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer)))
}

// matching collects the events that filters name, the oldest first.
func (a again) matching(ctx context.Context, flags *eventFlags) ([]string, error) {
	f, err := flags.filter(ctx, a.store)
	if err != nil {
		return nil, err
	}
	var ids []string
	for f.Limit = eventChunk; ; {
		events, err := a.store.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			ids = append(ids, e.ID)
		}
		if len(events) < f.Limit {
			slices.Reverse(ids)
			return ids, nil
		}
		f.Before = ids[len(ids)-1]
	}
}

// chosen changes events that were found by what they are.
func (a again) chosen(ctx context.Context, ids []string) error {
	changed, err := a.apply(ctx, ids)
	if err != nil {
		return err
	}
	if len(changed) == 0 {
		fmt.Fprintln(a.out, "No event matches; nothing was done.")
		return nil
	}
	a.report(changed)
	return nil
}

// named changes the events that were named, and says of each other one why it
// was left alone.
func (a again) named(ctx context.Context, ids []string) error {
	changed, err := a.apply(ctx, ids)
	if err != nil {
		return err
	}
	states, err := a.store.EventStates(ctx, ids)
	if err != nil {
		return err
	}
	var unknown []string
	for _, id := range ids {
		state, known := states[id]
		switch {
		case !known:
			unknown = append(unknown, id)
		case !slices.Contains(changed, id):
			fmt.Fprintf(a.out, "%s is %s\n", id, leftAlone(state))
		}
	}
	if len(changed) > 0 {
		a.report(changed)
	}
	if len(unknown) > 0 {
		return fmt.Errorf("there is no event %s here; `payloop events list` shows those that were received", strings.Join(unknown, ", "))
	}
	return nil
}

func leftAlone(state billing.EventState) string {
	switch state {
	case billing.EventPending:
		return "pending: it waits to be worked on already"
	case billing.EventRunning:
		return "running: it is being worked on just now"
	case billing.EventFailed:
		return "failed: `payloop events retry` has it tried again"
	}
	return "processed: `payloop events replay` has it worked on once more"
}

// apply changes events chunk by chunk. It may be run again.
func (a again) apply(ctx context.Context, ids []string) (changed []string, err error) {
	for chunk := range slices.Chunk(ids, eventChunk) {
		some, err := a.update(ctx, chunk)
		if err != nil {
			return changed, fmt.Errorf("after %s: %w", plural(len(changed), "event"), err)
		}
		changed = append(changed, some...)
	}
	return changed, nil
}

// report says what was done and how to watch what comes of it.
func (a again) report(changed []string) {
	slices.SortFunc(changed, cmp.Compare)
	watch := "payloop events list --state pending"
	if len(changed) == 1 {
		watch = "payloop events show " + changed[0]
	}
	if len(changed) <= toldAlone {
		for _, id := range changed {
			fmt.Fprintln(a.out, id, "is", a.done)
		}
	} else {
		fmt.Fprintf(a.out, "%d events are %s\n", len(changed), a.done)
	}
	fmt.Fprintf(a.out, "Running servers take up what is due within a second or so. To watch it:\n  %s\n", watch)
}
