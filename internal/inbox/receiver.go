package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v79/webhook"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

const (
	// MaxBody is the largest webhook accepted, in bytes. Stripe sends bodies
	// above 64 KB; 1 MiB is far above anything seen.
	MaxBody = 1 << 20
	// storeTimeout bounds the wait for a database that does not answer. Stripe
	// tries again, so a quick "no" is better than a late one.
	storeTimeout = 1500 * time.Millisecond
)

// Receiver takes webhooks in.
type Receiver struct {
	Store   Store
	Secrets []string // any of them will do, so that they can be rotated
	Wake    func()   // tells the processor that there is work
	Observe Observer
}

// Receive verifies and stores the webhook in r. When it returns nil the event
// is in the database and may be acknowledged.
func (rc *Receiver) Receive(w http.ResponseWriter, r *http.Request) error {
	outcome, err := rc.receive(w, r)
	rc.Observe.EventReceived(outcome)
	return err
}

func (rc *Receiver) receive(w http.ResponseWriter, r *http.Request) (outcome string, err error) {
	body, err := readBody(w, r)
	if err != nil {
		return "unreadable", err
	}
	if err := rc.verify(body, r.Header.Get("Stripe-Signature")); err != nil {
		return "bad_signature", err
	}
	event, err := events.ParseEnvelope(body)
	if err != nil {
		return "malformed", err
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	stored, err := rc.Store.StoreEvent(ctx, event)
	if err != nil {
		return "not_stored", &billing.Error{Kind: billing.Unavailable, Msg: "The event could not be stored. Send it again.", Err: err}
	}
	if !stored {
		return "duplicate", nil
	}
	rc.Wake()
	return "stored", nil
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	tooLarge := billing.Errorf(billing.TooLarge, "The body is larger than %d bytes.", MaxBody)
	if r.ContentLength > MaxBody {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return nil, tooLarge
	}
	if err != nil {
		return nil, &billing.Error{Kind: billing.BadRequest, Msg: "The body could not be read to its end.", Err: err}
	}
	return body, nil
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
		Msg:  "The Stripe-Signature header does not match the body.",
		Err:  fmt.Errorf("signature: %w", last),
	}
}
