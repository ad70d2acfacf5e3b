package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/stripeapi"
)

func TestWebhooksRotateReplacesTheSecretWithoutAGap(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	first := b.secretIn(b.setupHook())
	b.restartWith(first)
	second := b.secretIn(b.rotateHook())

	// Both endpoints are there, and the app knows the old secret alone.
	if out, err := b.hooks(func(h *hooks) error { return h.rotate(t.Context()) }); err == nil || !strings.Contains(err.Error(), "--finish") {
		t.Errorf("rotated twice: %v\n%s", err, out)
	}
	b.wantFinished(false)
	if list := b.endpoints(); len(list) != 2 || !list[0].Enabled || !list[1].Enabled {
		t.Fatalf("after a finish that was refused: %+v", list)
	}

	list := b.endpoints()
	out := b.mustHooks(func(h *hooks) error { return h.list(t.Context()) })
	inOrderOf(t, out, list[0].ID, "in nothing; new: it shall replace "+list[1].ID+"\n", list[1].ID, "in nothing; old: `payloop webhooks rotate --finish` deletes it\n")

	b.restartWith(second, first)
	b.wantSigned(first, http.StatusOK)
	b.wantSigned(second, http.StatusOK)
	b.wantFinished(true)
	if list := b.endpoints(); len(list) != 1 || !list[0].Enabled || len(list[0].Replaces) > 0 || list[0].APIVersion != stripeapi.APIVersion {
		t.Errorf("after the finish: %+v", list)
	}
	if out := b.wantFinished(true); !strings.Contains(out, "Nothing to finish") {
		t.Errorf("finished twice:\n%s", out)
	}

	b.restartWith(second)
	b.wantSigned(first, http.StatusBadRequest)
	b.wantSigned(second, http.StatusOK)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.wantAccount(c, "Basic", "1,050")
}

// wantFinished ends a rotation, or sees it refused.
func (b *bundle) wantFinished(want bool) string {
	b.t.Helper()
	out, err := b.hooks(func(h *hooks) error {
		h.within = 2 * time.Second
		return h.finish(b.t.Context(), true)
	})
	if (err == nil) != want || (err != nil && !strings.Contains(err.Error(), "enabled again")) {
		b.t.Errorf("finished: got %v, want %v\n%s", err, want, out)
	}
	return out
}

// wantSigned delivers an event that is signed with a secret.
func (b *bundle) wantSigned(secret string, status int) {
	b.t.Helper()
	body := event("evt_signed", "plan.created", stripeapi.APIVersion, time.Now(), `{"id":"plan_1","object":"plan"}`)
	p := b.visitor().Send("POST", "/webhooks/stripe", string(body), http.Header{"Stripe-Signature": {sign(body, secret, time.Now())}})
	if p.Status != status {
		b.t.Errorf("signed with one of the secrets: got %d, want %d", p.Status, status)
	}
}

func TestWebhooksRotateNeedsAnEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	if _, err := b.hooks(func(h *hooks) error { return h.rotate(t.Context()) }); err == nil || !strings.Contains(err.Error(), "payloop webhooks setup") {
		t.Errorf("got %v", err)
	}
}
