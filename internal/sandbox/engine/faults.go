package engine

import (
	"maps"
	"time"

	"github.com/payloop/payloop/internal/sandbox/faults"
)

// faultState is what is to go wrong, and the counts that decide when it does.
type faultState struct {
	Settings faults.Settings  `json:"settings"`
	Requests int64            `json:"requests"` // of the API since the faults were set
	Sent     map[string]int64 `json:"sent"`     // deliveries made so far, by endpoint
	Since    map[string]int64 `json:"since"`    // of them, those made before the faults were set
}

// SetFaults says what goes wrong from now on. Deliveries and requests are counted anew, so that the same settings
// make the same decisions again.
func (tx *Tx) SetFaults(s faults.Settings) error {
	if err := s.Check(); err != nil {
		return err
	}
	f := &tx.Faults
	f.Settings, f.Requests, f.Since = s, 0, maps.Clone(f.Sent)
	return nil
}

// Faults is what goes wrong now.
func (e *Engine) Faults() faults.Settings {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.state.Faults.Settings
	if s.API.ErrorRates == nil {
		s.API.ErrorRates = map[string]float64{}
	}
	return s
}

// NextRequest counts an API request, and says what goes wrong with it.
func (e *Engine) NextRequest() faults.Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := &e.state.Faults
	if !f.Settings.API.On() {
		return faults.Request{}
	}
	e.changed++
	f.Requests++
	return f.Settings.Request(f.Requests)
}

// planFaults counts a delivery, and decides what goes wrong with it.
func (tx *Tx) planFaults(d *Delivery, position int) {
	f := &tx.Faults
	if f.Sent == nil {
		f.Sent = map[string]int64{}
	}
	f.Sent[d.Endpoint]++
	d.Number = f.Sent[d.Endpoint]
	if (f.Settings.Webhooks == faults.Webhooks{}) {
		return
	}
	since := f.Since[d.Endpoint]
	wrong := f.Settings.Delivery(position, d.Number-since)
	d.Dropped, d.Sends = wrong.Dropped, wrong.Sends
	if wrong.Until == 0 {
		return
	}
	d.Until = wrong.Until + since
	for i := range d.Sends {
		d.Sends[i].Place += since
	}
}

// Time is sandbox time with its fractions of a second, which deliveries are tried again by.
func (e *Engine) Time() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.opts.Now().Add(time.Duration(e.state.Offset) * time.Second)
}
