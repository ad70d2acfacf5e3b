package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// maxControl is the size of a control request, in bytes.
const maxControl = 1 << 16

// given reads a control request's fields, sent as a form or as JSON.
func given(r *http.Request) (map[string]string, error) {
	out := map[string]string{}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxControl))
	if err != nil {
		return nil, shape.Invalid("", "", "The request could not be read.")
	}
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, shape.Invalid("", "", "Invalid form.")
		}
		for name := range form {
			out[name] = form.Get(name)
		}
		return out, nil
	}
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, shape.Invalid("", "", "Invalid JSON: %v", err)
	}
	for name, v := range fields {
		switch v := v.(type) {
		case string:
			out[name] = v
		case json.Number:
			out[name] = v.String()
		default:
			return nil, shape.Invalid(name, "", "Invalid %s: it must be a string or a number.", name)
		}
	}
	return out, nil
}

// dispute lets a charge be disputed: reason, one of Stripe's or inquiry; amount in minor units.
func (s *Sandbox) dispute(w http.ResponseWriter, r *http.Request) {
	s.changeDispute(w, r, func(tx *engine.Tx, in map[string]string) (*shape.Dispute, error) {
		amount, err := count(in, "amount")
		if err != nil {
			return nil, err
		}
		return tx.DisputeCharge(r.PathValue("id"), engine.DisputeNew{Amount: amount, Reason: in["reason"]})
	})
}

// closeDispute says how a dispute ended: result=won, or lost.
func (s *Sandbox) closeDispute(w http.ResponseWriter, r *http.Request) {
	s.changeDispute(w, r, func(tx *engine.Tx, in map[string]string) (*shape.Dispute, error) {
		return tx.CloseDispute(r.PathValue("id"), in["result"])
	})
}

func (s *Sandbox) changeDispute(w http.ResponseWriter, r *http.Request, change func(*engine.Tx, map[string]string) (*shape.Dispute, error)) {
	in, err := given(r)
	if err != nil {
		writeError(w, err)
		return
	}
	var told shape.Dispute
	err = s.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		d, err := change(tx, in)
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

// count reads a number that may be left out.
func count(in map[string]string, name string) (int64, error) {
	if in[name] == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(in[name], 10, 64)
	if err != nil {
		return 0, shape.Invalid(name, "parameter_invalid_integer", "Invalid integer: %s", in[name])
	}
	return n, nil
}
