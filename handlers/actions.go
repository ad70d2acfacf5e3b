package handlers

import (
	"context"

	"github.com/payloop/payloop/internal/billing"
)

// note records what a customer did, for their timeline. What they came for
// does not fail with it.
func (h *Handlers) note(ctx context.Context, a billing.Action) {
	a.Actor = billing.ByCustomer
	if err := h.Store.RecordActions(ctx, a); err != nil {
		h.Log.Warn("What a customer did could not be recorded", "user_id", a.UserID, "action", a.Name, "object_id", a.Object, "error", err)
	}
}
