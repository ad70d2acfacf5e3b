package inbox

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/stripe/stripe-go/v79/webhook"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

const (
	// MaxBody is the largest webhook accepted, in bytes. Stripe sends bodies
	// above 64 KB; 1 MiB is far above anything seen.
	MaxBody = 1 << 20
	// maxHeld is how many bytes of bodies are in memory at once. What comes on
	// top is refused, and Stripe sends it again.
	maxHeld = 16 << 20
	// retryAfter is when it is worth sending a refused event again.
	retryAfter = 5 * time.Second
)

// Receiver takes webhooks in.
type Receiver struct {
	Intake  *Intake
	Secrets []string // any of them will do, so that they can be rotated
	Wake    func()   // tells the processor that there is work
	Observe Observer

	held atomic.Int64 // room that bodies have in memory, those still coming included
}

// Receive verifies and stores the webhook in r. When it returns nil the event
// is in the database and may be acknowledged.
func (rc *Receiver) Receive(w http.ResponseWriter, r *http.Request) error {
	began := time.Now()
	outcome, err := rc.receive(w, r)
	rc.Observe.EventReceived(outcome, time.Since(began))
	return err
}

func (rc *Receiver) receive(w http.ResponseWriter, r *http.Request) (outcome string, err error) {
	size, err := firstSize(r)
	if err != nil {
		return "too_large", err
	}
	coming := arrival{from: http.MaxBytesReader(w, r.Body, MaxBody), held: &rc.held}
	defer coming.giveBack()
	body, outcome, err := readBody(&coming, size)
	if err != nil {
		return outcome, err
	}
	if err := rc.verify(body, r.Header.Get("Stripe-Signature")); err != nil {
		return "bad_signature", err
	}
	event, err := events.ParseEnvelope(body)
	if err != nil {
		return "malformed", err
	}
	stored, err := rc.Intake.StoreEvent(r.Context(), event)
	if err != nil {
		return "not_stored", &billing.Error{Kind: billing.Unavailable, Msg: "The event could not be stored. Send it again.", Err: err, RetryAfter: retryAfter}
	}
	if !stored {
		return "duplicate", nil
	}
	rc.Wake()
	return "stored", nil
}

// verify checks the signature over the raw bytes, before anything parses them:
// HMAC-SHA256 with one of the secrets, not older than five minutes.
// https://docs.stripe.com/webhooks#verify-manually
func (rc *Receiver) verify(body []byte, header string) error {
	var last error
	for _, secret := range rc.Secrets {
		last = webhook.ValidatePayload(body, header, secret)
		if last == nil {
			return nil
		}
	}
	return &billing.Error{
		Kind: billing.BadRequest,
		Code: "bad_signature",
		Msg:  signatureFault(last),
		Err:  fmt.Errorf("signature: %w", last),
	}
}

// signatureFault says what is wrong with the signature. Stripe shows it to
// whoever looks for why a webhook was refused.
func signatureFault(err error) string {
	switch {
	case errors.Is(err, webhook.ErrNotSigned):
		return "The Stripe-Signature header is missing."
	case errors.Is(err, webhook.ErrInvalidHeader):
		return "The Stripe-Signature header could not be read."
	case errors.Is(err, webhook.ErrTooOld):
		return "The signature in the Stripe-Signature header is older than five minutes. If it was made just now, this server's clock is wrong."
	}
	return "The Stripe-Signature header does not match the body."
}
