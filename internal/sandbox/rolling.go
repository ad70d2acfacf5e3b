package sandbox

import (
	"io"
	"net/http"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// maxSetting is the size of a body that sets something of the sandbox, in bytes.
const maxSetting = 1 << 16

// readSetting reads a small body, a form or JSON, as a form.
func readSetting(r *http.Request) (values map[string][]string, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxSetting+1))
	if err != nil {
		return nil, shape.Invalid("", "", "The request could not be read: %v", err)
	}
	if len(body) > maxSetting {
		return nil, shape.Invalid("", "", "The request is too long: it may have %d bytes.", maxSetting)
	}
	return form.Values(body)
}

// rollSecret does what "Roll secret" on Stripe's dashboard does, and answers the endpoint with its new secret.
func (s *Sandbox) rollSecret(w http.ResponseWriter, r *http.Request) {
	var in engine.SecretRoll
	values, err := readSetting(r)
	if err == nil {
		err = form.Decode(values, &in)
	}
	var end *shape.WebhookEndpoint
	if err == nil {
		err = s.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
			end, err = tx.RollSecret(r.PathValue("id"), in)
			return err
		})
	}
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, end)
}
