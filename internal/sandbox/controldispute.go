package sandbox

import (
	"net/http"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// dispute lets a charge be disputed: reason, one of Stripe's or inquiry; amount in minor units.
func (s *Sandbox) dispute(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Amount int64  `form:"amount"`
		Reason string `form:"reason"`
	}
	s.changeDispute(w, r, &in, func(tx *engine.Tx) (*shape.Dispute, error) {
		return tx.DisputeCharge(r.PathValue("id"), engine.DisputeNew{Amount: in.Amount, Reason: in.Reason})
	})
}

// closeDispute says how a dispute ended.
func (s *Sandbox) closeDispute(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Result string `form:"result,required" enum:"won|lost"`
	}
	s.changeDispute(w, r, &in, func(tx *engine.Tx) (*shape.Dispute, error) {
		return tx.CloseDispute(r.PathValue("id"), in.Result)
	})
}

func (s *Sandbox) changeDispute(w http.ResponseWriter, r *http.Request, in any, change func(*engine.Tx) (*shape.Dispute, error)) {
	if err := read(r, in); err != nil {
		writeError(w, err)
		return
	}
	var told shape.Dispute
	err := s.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		d, err := change(tx)
		if err == nil {
			told = *d
		}
		return err
	}, r.PathValue("id"))
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, told)
}
