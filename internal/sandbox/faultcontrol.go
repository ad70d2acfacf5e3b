package sandbox

import (
	"net/http"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/faults"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

func (s *Sandbox) getFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.engine.Faults())
}

// setFaults replaces everything that goes wrong on purpose: what is left out is off.
func (s *Sandbox) setFaults(w http.ResponseWriter, r *http.Request) {
	var settings faults.Settings
	values, err := readSetting(r)
	if err == nil {
		settings, err = faults.Parse(values)
	}
	if err == nil {
		err = s.applyFaults(settings)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	s.getFaults(w, r)
}

func (s *Sandbox) endFaults(w http.ResponseWriter, r *http.Request) {
	if err := s.applyFaults(faults.Settings{}); err != nil {
		writeError(w, err)
		return
	}
	s.getFaults(w, r)
}

func (s *Sandbox) applyFaults(settings faults.Settings) error {
	return s.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error { return tx.SetFaults(settings) })
}
