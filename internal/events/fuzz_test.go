package events

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/billing"
)

// maxNeeds is the most objects that one may ask to be fetched first: whatever
// Stripe sends, an event costs a few calls at most.
const maxNeeds = 3

func FuzzCustomer(f *testing.F) { fuzzDecode(f, billing.CustomerObject, "customer.") }
func FuzzSubscription(f *testing.F) {
	fuzzDecode(f, billing.SubscriptionObject, "customer.subscription.")
}
func FuzzInvoice(f *testing.F) { fuzzDecode(f, billing.InvoiceObject, "invoice.") }
func FuzzSession(f *testing.F) { fuzzDecode(f, billing.SessionObject, "checkout.session.") }
func FuzzCharge(f *testing.F)  { fuzzDecode(f, billing.ChargeObject, "charge.") }

// fuzzDecode reads payloads that only look like Stripe's: a real one, or any
// bytes, with one of its values replaced by another one.
func fuzzDecode(f *testing.F, kind billing.ObjectKind, prefix string) {
	for i, body := range seeds(f, prefix) {
		f.Add(body, uint16(0), ``)
		f.Add(body, uint16(20+i), oddValues[i%len(oddValues)])
	}
	f.Fuzz(func(t *testing.T, payload []byte, node uint16, value string) {
		wantReadOrRefused(t, kind, graft(payload, node, value))
	})
}

// oddValues stand where something else is expected.
var oddValues = []string{`null`, `true`, `0`, `-1`, `1e99`, `9223372036854775808`, `0.5`, `""`, `"x"`, `"\u0000"`, `[]`, `[null]`, `[{}]`, `{}`, `{"id":null}`, `{"id":"a","data":[{}]}`, `{"data":null}`}

func TestAnOddValueAnywhereInAnObjectIsReadOrRefused(t *testing.T) {
	t.Parallel()
	for _, eventType := range []string{"customer.updated", "customer.subscription.updated", "invoice.paid", "checkout.session.completed", "charge.refunded"} {
		t.Run(eventType, func(t *testing.T) {
			t.Parallel()
			kind, _, _ := Handled(eventType)
			body, err := os.ReadFile(filepath.Join(seedFolder, eventType+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var plain any
			if err := json.Unmarshal(body, &plain); err != nil {
				t.Fatal(err)
			}
			for node := range uint16(countNodes(plain)) {
				for _, value := range oddValues {
					wantReadOrRefused(t, kind, graft(body, node, value))
				}
			}
		})
	}
}

// wantReadOrRefused checks that an object is read or refused, never half of
// each, and that it costs a few calls to Stripe at most.
func wantReadOrRefused(t *testing.T, kind billing.ObjectKind, payload []byte) {
	t.Helper()
	object, err := DecodePayload(kind, payload)
	if err != nil {
		if object != nil {
			t.Fatalf("an object and an error: %v, %v", object, err)
		}
		return
	}
	ref := object.Ref()
	if ref.Kind != kind || ref.ID == "" {
		t.Errorf("it is a %s with the id %q", ref.Kind, ref.ID)
	}
	if needs := object.Needs(); len(needs) > maxNeeds {
		t.Errorf("it needs %d objects", len(needs))
	}
}

// graft replaces the value at a node, counted in the order in which they are
// written, names in alphabetical order. Without such a node, or with a value
// that is no JSON, the body stays as it is.
func graft(body []byte, node uint16, value string) []byte {
	var plain, with any
	if json.Unmarshal(body, &plain) != nil || json.Unmarshal([]byte(value), &with) != nil {
		return body
	}
	left := int(node)
	changed, err := json.Marshal(replaced(plain, &left, with))
	if err != nil {
		return body
	}
	return changed
}

// replaced counts left down, and takes the value instead of the node at zero.
func replaced(at any, left *int, with any) any {
	*left--
	if *left == -1 {
		return with
	}
	switch at := at.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(at)) {
			at[name] = replaced(at[name], left, with)
		}
	case []any:
		for i := range at {
			at[i] = replaced(at[i], left, with)
		}
	}
	return at
}

func countNodes(at any) int {
	left := math.MaxInt
	replaced(at, &left, nil)
	return math.MaxInt - left
}

// FuzzParseEnvelope reads bodies that are signed and yet not Stripe's. What
// is taken must fit into the database, and be what any other reader of JSON
// finds there.
func FuzzParseEnvelope(f *testing.F) {
	for _, body := range seeds(f, "") {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ParseEnvelope(body)
		if err != nil {
			if kind := billing.KindOf(err); kind != billing.BadRequest {
				t.Errorf("refused as %v: %v", kind, err)
			}
			return
		}
		for _, text := range []string{e.ID, e.Type, e.APIVersion, e.ObjectID} {
			if len(text) > maxName || strings.ContainsRune(text, 0) {
				t.Errorf("%q does not fit into the database", text)
			}
		}
		if e.ID == "" || e.Type == "" || e.CreatedAt.Unix() <= 0 || e.CreatedAt.Unix() > maxTime {
			t.Errorf("got %+v", e)
		}
		if string(e.Payload) != string(body) {
			t.Error("the payload is another one")
		}
		wantSameNames(t, body, e)
	})
}

// wantSameNames reads the body in the slowest and plainest way there is.
func wantSameNames(t *testing.T, body []byte, e billing.Event) {
	t.Helper()
	var plain map[string]any
	reader := json.NewDecoder(bytes.NewReader(body))
	reader.UseNumber()
	if err := reader.Decode(&plain); err != nil {
		t.Errorf("%q is no JSON object: %v", body, err)
		return
	}
	for name, got := range map[string]string{"id": e.ID, "type": e.Type, "api_version": e.APIVersion} {
		if want, there := only(plain, name).(string); there && mended(got) != mended(want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// mended writes whatever is no text as one mark, however long it is: readers
// differ in how many they put.
func mended(s string) string {
	const mark = "\uFFFD"
	s = strings.ToValidUTF8(s, mark)
	for strings.Contains(s, mark+mark) {
		s = strings.ReplaceAll(s, mark+mark, mark)
	}
	return s
}

// only is the value of a name that no other one differs from in capitals
// alone: of those readers of JSON take one or the other.
func only(object map[string]any, name string) any {
	for other := range object {
		if other != name && strings.EqualFold(other, name) {
			return nil
		}
	}
	return object[name]
}

// seeds are the bodies in testdata/events whose type begins with a prefix.
func seeds(f *testing.F, prefix string) (bodies [][]byte) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join(seedFolder, prefix+"*.json"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	return bodies
}
