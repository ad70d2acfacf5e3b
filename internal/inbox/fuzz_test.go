package inbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79/webhook"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/metrics"
)

// fuzzSecrets are those of an endpoint whose secret is being replaced.
var fuzzSecrets = []string{"whsec_new", "whsec_old"}

// keeper keeps what it is given to store.
type keeper struct {
	mu   sync.Mutex
	kept []billing.Event
}

func (k *keeper) StoreEvents(_ context.Context, events []billing.Event) ([]bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = append(k.kept, events...)
	return slices.Repeat([]bool{true}, len(events)), nil
}

func (k *keeper) StoreClaimed(ctx context.Context, events []billing.Event, _ time.Duration) ([]bool, error) {
	return k.StoreEvents(ctx, events)
}

// receive posts a body, and returns what was stored of it.
func receive(body []byte, header string) (stored []billing.Event, err error) {
	k := &keeper{}
	rc := &Receiver{Intake: NewIntake(k), Secrets: fuzzSecrets, Wake: func() {}, Observe: observer}
	r := httptest.NewRequest(http.MethodPost, "/webhooks/stripe", bytes.NewReader(body))
	r.Header["Stripe-Signature"] = []string{header}
	err = rc.Receive(httptest.NewRecorder(), r)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept, err
}

var observer = metrics.New()

func signature(secret string, at int64, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", at)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// FuzzSignatureHeader writes headers from pieces that are right and pieces
// that are not: {now} and {late} are times, {new}, {old} and {wrong} signatures
// of now, {expired} one of late. Whatever is taken must be signed by one of
// the secrets within five minutes; and what Stripe's own code takes is taken.
func FuzzSignatureHeader(f *testing.F) {
	for _, header := range []string{
		"t={now},v1={new}", "t={now},v1={old}", "v1={new},t={now}", "t={now},v1={wrong},v1={old},v0={new}", "t={now},v1={new},v1={old}",
		"t={late},v1={expired}", "t={now},v1={expired}", "t={late},t={now},v1={new}", "t={now},v0={new}", "t={now},v1={wrong}",
		"", ",", "=", "t=", "v1=", "t=,v1=", "t={now}", "v1={new}", "t={now},v1=", "t={now},v1={new},", "t={now}, v1={new}", "t=+{now},v1={new}",
		"t=0{now},v1={new}", "t={now},v1={new}00", "t=-{now},v1={new}", "t=9223372036854775807,v1={new}", "T={now},V1={new}", "t={now};v1={new}",
	} {
		f.Add(header, []byte(`{"id":"evt_1","type":"invoice.paid","created":1700000000}`))
	}
	f.Fuzz(func(t *testing.T, pattern string, body []byte) {
		now := time.Now().Unix()
		late := now - int64((6*time.Minute)/time.Second)
		header := strings.NewReplacer(
			"{now}", strconv.FormatInt(now, 10), "{late}", strconv.FormatInt(late, 10),
			"{new}", signature("whsec_new", now, body), "{old}", signature("whsec_old", now, body),
			"{wrong}", signature("whsec_wrong", now, body), "{expired}", signature("whsec_new", late, body),
		).Replace(pattern)
		stored, err := receive(body, header)
		taken := err == nil || !isBadSignature(err)
		if taken && !signedWell(header, body, now) {
			t.Errorf("taken with the header %q", header)
		}
		if !taken && stripeTakes(body, header) {
			t.Errorf("refused with the header %q: %v", header, err)
		}
		if !taken && len(stored) > 0 {
			t.Errorf("refused and stored: %+v", stored)
		}
	})
}

// isBadSignature tells that a body was refused before anything read it.
func isBadSignature(err error) bool {
	return billing.KindOf(err) == billing.BadRequest && billing.CodeOf(err) == "bad_signature"
}

func stripeTakes(body []byte, header string) bool {
	return slices.ContainsFunc(fuzzSecrets, func(secret string) bool { return webhook.ValidatePayload(body, header, secret) == nil })
}

// signedWell looks for any time and any signature in the header that belong
// together. It is more generous than Stripe's code about all but those.
func signedWell(header string, body []byte, now int64) bool {
	var times []int64
	var signatures []string
	for _, part := range strings.Split(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		if at, err := strconv.ParseInt(value, 10, 64); name == "t" && err == nil && at > now-5*60-5 {
			times = append(times, at)
		}
		if name == "v1" {
			signatures = append(signatures, strings.ToLower(value))
		}
	}
	for _, at := range times {
		for _, secret := range fuzzSecrets {
			if slices.Contains(signatures, signature(secret, at, body)) {
				return true
			}
		}
	}
	return false
}

// FuzzIntake posts anything, well signed. It is stored byte for byte and
// acknowledged, or refused as the sender's mistake and not stored.
func FuzzIntake(f *testing.F) {
	names, err := filepath.Glob("../events/testdata/events/*.json")
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, body := range []string{``, `{}`, `[]`, `null`, `{"id":"evt_1"}`, `{"id":"evt_1","type":"x","created":1}`, `{"id":"evt_1","type":"x","created":1e9}`,
		`{"id":"evt_1","type":"x","created":1,"data":{"object":[]}}`, `{"id":"evt_\u0000","type":"x","created":1}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		now := time.Now().Unix()
		stored, err := receive(bytes.Clone(body), fmt.Sprintf("t=%d,v1=%s", now, signature("whsec_old", now, body)))
		if err != nil {
			kind := billing.KindOf(err)
			if kind != billing.BadRequest && kind != billing.TooLarge || isBadSignature(err) {
				t.Errorf("refused as %v: %v", kind, err)
			}
			if len(stored) > 0 {
				t.Errorf("refused and stored: %+v", stored)
			}
			return
		}
		if len(stored) != 1 || !bytes.Equal(stored[0].Payload, body) {
			t.Fatalf("acknowledged; stored %+v", stored)
		}
		if stored[0].ID == "" || stored[0].Type == "" || stored[0].CreatedAt.IsZero() {
			t.Errorf("acknowledged without a name: %+v", stored[0])
		}
	})
}
