package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// maxState is the size of a state that is put back, in bytes.
const maxState = 256 << 20

// defaultFlush is how long a flush waits unless told otherwise.
const defaultFlush = 30 * time.Second

// maxFlush is how long it may be told to wait.
const maxFlush = 10 * time.Minute

func (s *Sandbox) installControl(mux *http.ServeMux) {
	mux.HandleFunc("POST /_sandbox/pay/{id}", s.pay)
	mux.HandleFunc("POST /_sandbox/settle/{id}", s.settlePayment)
	mux.HandleFunc("POST /_sandbox/charges/{id}/dispute", s.dispute)
	mux.HandleFunc("POST /_sandbox/disputes/{id}/close", s.closeDispute)
	mux.HandleFunc("POST /_sandbox/deliveries/flush", s.flush)
	mux.HandleFunc("POST /_sandbox/webhook_endpoints/{id}/roll", s.rollSecret)
	mux.HandleFunc("GET /_sandbox/clock", s.clock)
	mux.HandleFunc("POST /_sandbox/clock/advance", s.advance)
	mux.HandleFunc("GET /_sandbox/faults", s.getFaults)
	mux.HandleFunc("POST /_sandbox/faults", s.setFaults)
	mux.HandleFunc("DELETE /_sandbox/faults", s.endFaults)
	mux.HandleFunc("GET /_sandbox/state", s.getState)
	mux.HandleFunc("PUT /_sandbox/state", s.putState)
}

// defaultCard is what pay pays with unless told otherwise.
const defaultCard = "4242424242424242"

// payment is what a buyer would enter.
type payment struct {
	Card   string `form:"card"`
	Email  string `form:"email"`
	Method string `form:"method" enum:"card|bank"`
	Name   string `form:"name"`
	Step   string `form:"3ds" enum:"complete|fail"`
}

// pay does what the button on a Checkout page does, 3-D Secure included.
func (s *Sandbox) pay(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	var in payment
	if err := read(r, &in); err != nil {
		writeError(w, err)
		return
	}
	by := engine.Payment{CardDetails: engine.CardDetails{Number: cmp.Or(in.Card, defaultCard), Name: in.Name, Email: in.Email}}
	var paid engine.Paid
	err := s.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		var err error
		if in.Method == "bank" {
			paid, err = tx.PaySessionByBank(id, by)
			return err
		}
		paid, err = tx.PaySession(id, by)
		if err == nil && paid.Challenge {
			paid, err = tx.FinishChallenge(id, in.Step != "fail")
		}
		return err
	}, id)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"redirect_url": paid.RedirectURL})
}

// settlePayment says how a bank payment ended: result=succeed, or fail.
func (s *Sandbox) settlePayment(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Result string `form:"result" enum:"succeed|fail"`
	}
	err := read(r, &in)
	if err == nil {
		err = s.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
			return tx.SettleBankPayment(r.PathValue("id"), in.Result != "fail")
		}, r.PathValue("id"))
	}
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"settled": true})
}

// flush delivers everything and waits for it, so many seconds as timeout says.
func (s *Sandbox) flush(w http.ResponseWriter, r *http.Request) {
	timeout, err := flushTimeout(r)
	if err != nil {
		writeError(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	delivered, late := s.Flush(ctx)
	if late != nil {
		writeJSON(w, http.StatusGatewayTimeout, map[string]any{"delivered": delivered, "not_acknowledged": late})
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"delivered": delivered})
}

func flushTimeout(r *http.Request) (time.Duration, error) {
	var in struct {
		Timeout string `form:"timeout"`
	}
	if err := read(r, &in); err != nil || in.Timeout == "" {
		return defaultFlush, err
	}
	seconds, err := strconv.ParseFloat(in.Timeout, 64)
	if err != nil || !(seconds > 0 && seconds <= maxFlush.Seconds()) {
		return 0, shape.Invalid("timeout", "", "Invalid timeout: it is in seconds, %d at most.", int(maxFlush.Seconds()))
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func (s *Sandbox) getState(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.engine.Snapshot())
}

func (s *Sandbox) putState(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxState))
	if err == nil {
		s.queue.Forget()
		if err = s.engine.Restore(data); err != nil {
			s.engine.Requeue()
		}
	}
	if err != nil {
		writeError(w, shape.Invalid("", "", "%v", err))
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"loaded": true})
}

func writeError(w http.ResponseWriter, err error) {
	var e *shape.Error
	if !errors.As(err, &e) {
		e = &shape.Error{Status: http.StatusInternalServerError, Type: "api_error", Message: err.Error()}
	}
	writeJSON(w, e.Status, map[string]any{"error": e})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
