package inbox

import (
	"sync"

	"github.com/payloop/payloop/internal/billing"
)

// deskBytes is how much of payloads lies on the desk at most.
const deskBytes = 4 << 20

// Desk is where the intake hands events to the processor of the same process:
// they are stored as claimed and need not be read again. When it is full events
// are stored as pending, for whoever comes first.
type Desk struct {
	mu     sync.Mutex
	open   bool
	bytes  int // on the desk, or promised a place there
	events []billing.Event
	rouse  func()
}

// reserve promises room for so many bytes. It must be followed by put.
func (d *Desk) reserve(bytes int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open || d.bytes+bytes > deskBytes {
		return false
	}
	d.bytes += bytes
	return true
}

// put lays events down, and gives back the room that they do not need. taken
// is false when the desk was closed meanwhile: they are the caller's then.
func (d *Desk) put(events []billing.Event, reserved int) (taken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes -= reserved
	if !d.open {
		return len(events) == 0
	}
	for _, e := range events {
		d.bytes += e.Size
	}
	d.events = append(d.events, events...)
	if len(events) > 0 {
		d.rouse()
	}
	return true
}

// take picks up at most limit events, the oldest first.
func (d *Desk) take(limit int) []billing.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := min(limit, len(d.events))
	taken := append([]billing.Event(nil), d.events[:n]...)
	clear(d.events[:n]) // or the payloads stay in memory
	if d.events = d.events[n:]; len(d.events) == 0 {
		d.events = nil
	}
	for _, e := range taken {
		d.bytes -= e.Size
	}
	return taken
}

// close takes nothing more, and returns what still lies there.
func (d *Desk) close() []billing.Event {
	d.mu.Lock()
	d.open = false
	d.mu.Unlock()
	return d.take(len(d.events))
}
