package sandbox

import (
	"net/http"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// rollSecret does what "Roll secret" on Stripe's dashboard does, and answers the endpoint with its new secret.
func (s *Sandbox) rollSecret(w http.ResponseWriter, r *http.Request) {
	var in engine.SecretRoll
	err := read(r, &in)
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
