package inbox

import (
	"slices"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

// APIVersion is the version whose payloads are written as they come. Events in
// another one are only a sign that something changed.
const APIVersion = "2024-06-20"

// Decide compares events of one object with what the mirror holds of it, and
// writes each one's outcome into it. They come back in the order of their
// times; it is the last one that decides, since a state stands for all before
// it. What is returned is done about the object.
func Decide(batch []billing.Event, v billing.Version) billing.Decision {
	slices.SortStableFunc(batch, func(a, b billing.Event) int { return a.CreatedAt.Compare(b.CreatedAt) })
	last := len(batch) - 1
	outcome := decide(batch, v)
	for i := range batch {
		switch {
		case outcome.Reason == billing.Replayed:
			batch[i].Outcome = outcome
		case outcome.Decision != billing.Skip && v.Known && batch[i].CreatedAt.Before(v.AsOf.Add(-billing.TieWindow)):
			batch[i].Outcome = billing.Outcome{Decision: billing.Skip, Reason: billing.Older}
		case outcome.Decision == billing.Payload && i < last:
			batch[i].Outcome = billing.Outcome{Decision: billing.Skip, Reason: billing.Superseded}
		default:
			batch[i].Outcome = outcome
		}
	}
	return outcome.Decision
}

// decide looks at the latest of events that stand in the order of their times.
func decide(batch []billing.Event, v billing.Version) billing.Outcome {
	last := batch[len(batch)-1]
	newer := last.CreatedAt.Sub(v.AsOf)
	switch {
	case slices.ContainsFunc(batch, func(e billing.Event) bool { return e.Reason == billing.Replayed }):
		return billing.Outcome{Decision: billing.Fetch, Reason: billing.Replayed}
	case v.Known && newer < -billing.TieWindow:
		return billing.Outcome{Decision: billing.Skip, Reason: billing.Older}
	case v.Known && newer <= billing.TieWindow, tied(batch):
		return billing.Outcome{Decision: billing.Fetch, Reason: billing.Tie}
	case last.APIVersion != APIVersion:
		return billing.Outcome{Decision: billing.Fetch, Reason: billing.OtherVersion}
	case slices.ContainsFunc(batch[:len(batch)-1], func(e billing.Event) bool { return events.Telling(e.Type) }):
		return billing.Outcome{Decision: billing.Fetch, Reason: billing.Telling}
	case v.Known:
		return billing.Outcome{Decision: billing.Payload, Reason: billing.Newer}
	case slices.ContainsFunc(batch, creates):
		return billing.Outcome{Decision: billing.Payload, Reason: billing.Creation}
	}
	return billing.Outcome{Decision: billing.Fetch, Reason: billing.UnknownRow}
}

// tied says that the last two of the events are too close in time to tell
// which holds the newer state.
func tied(batch []billing.Event) bool {
	n := len(batch)
	return n > 1 && batch[n-1].CreatedAt.Sub(batch[n-2].CreatedAt) <= billing.TieWindow
}

func creates(e billing.Event) bool {
	_, creates, _ := events.Handled(e.Type)
	return creates
}
