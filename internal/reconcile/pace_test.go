package reconcile

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// freely are turns that nobody waits for.
type freely struct{ taken int }

func (f *freely) FetchTurn(context.Context, time.Duration) (time.Duration, error) {
	f.taken++
	return 0, nil
}

func TestACallIsRepeatedWhileThatCanHelp(t *testing.T) {
	t.Parallel()
	down := &billing.Error{Kind: billing.Unavailable, Msg: "down"}
	missing := &billing.Error{Kind: billing.NotFound, Msg: "missing"}
	for name, tt := range map[string]struct {
		answers []error // the last one is repeated
		want    error
		calls   int
	}{
		"it works":            {[]error{nil}, nil, 1},
		"it works in the end": {[]error{down, down, nil}, nil, 3},
		"it stays down":       {[]error{down}, down, tries},
		"it is not there":     {[]error{down, missing}, missing, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			turns := &freely{}
			calls := 0
			err := (&Pace{Turns: turns, FirstPause: time.Nanosecond}).Do(t.Context(), func() error {
				calls++
				return tt.answers[min(calls, len(tt.answers))-1]
			})
			if !errors.Is(err, tt.want) || calls != tt.calls || turns.taken != calls {
				t.Errorf("got %v after %d calls and %d turns, want %v after %d", err, calls, turns.taken, tt.want, tt.calls)
			}
		})
	}
}

func TestWhoIsStoppedDoesNotWaitForStripe(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	err := (&Pace{Turns: &freely{}, FirstPause: time.Hour}).Do(ctx, func() error {
		time.AfterFunc(time.Millisecond, stop)
		return &billing.Error{Kind: billing.Unavailable, Msg: "down"}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
