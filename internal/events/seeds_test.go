package events

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/sandbox"
)

var makeSeeds = flag.Bool("seeds", false, "make testdata/events anew")

// seedFolder holds a webhook's body of each type, as Stripe would post it: what
// fuzzing begins with.
const seedFolder = "testdata/events"

func TestThereIsASeedOfEveryHandledType(t *testing.T) {
	t.Parallel()
	if *makeSeeds {
		writeSeeds(t)
	}
	for _, eventType := range Types() {
		kind, _, _ := Handled(eventType)
		body, err := os.ReadFile(filepath.Join(seedFolder, eventType+".json"))
		if err != nil {
			t.Errorf("%v: make it with go test ./internal/events -run Seed -seeds", err)
			continue
		}
		e, err := ParseEnvelope(body)
		if err != nil || e.Type != eventType {
			t.Errorf("%s: got %q, %v", eventType, e.Type, err)
		}
		if o, err := DecodePayload(kind, body); err != nil || o.Ref().ID != e.ObjectID {
			t.Errorf("%s: got %v, %v", eventType, o, err)
		}
	}
}

// seedMaker is a sandbox on which lives are led. Two runs make the same.
type seedMaker struct {
	t  *testing.T
	sb *sandbox.Sandbox
}

func writeSeeds(t *testing.T) {
	t.Helper()
	seed, start := int64(4), time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	sb, err := sandbox.New(sandbox.Options{Seed: &seed, Now: func() time.Time { return start }, BaseURL: "http://localhost:8421"})
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	m := &seedMaker{t, sb}
	m.live()
	if err := os.MkdirAll(seedFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	for after := ""; ; {
		var list struct {
			Data    []json.RawMessage
			HasMore bool `json:"has_more"`
		}
		m.call("GET", "/v1/events?limit=100"+after, "", &list)
		for _, raw := range list.Data {
			var e struct{ ID, Type string }
			var body bytes.Buffer
			if err := json.Unmarshal(raw, &e); err != nil {
				t.Fatal(err)
			}
			if err := json.Indent(&body, raw, "", "  "); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(seedFolder, e.Type+".json"), body.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			after = "&starting_after=" + e.ID
		}
		if !list.HasMore {
			return
		}
	}
}

// live leads lives that have an event of each handled type between them.
func (m *seedMaker) live() {
	product := m.make("/v1/products", "name=Basic&metadata[payloop_plan]=Basic")
	monthly := m.make("/v1/prices", "product="+product+"&currency=usd&unit_amount=500&recurring[interval]=month&lookup_key=Basic_monthly_price")
	once := m.make("/v1/prices", "product="+product+"&currency=usd&unit_amount=500&lookup_key=Basic_instant_price")
	customer := m.make("/v1/customers", "email=ada@example.com&metadata[payloop_user_id]=5f0c1c5a-8a3e-4c6e-9d39-0d2b7a4f1f11")
	checkout := "customer=" + customer + "&success_url=http://localhost/ok&metadata[payloop_plan]=Basic&line_items[0][quantity]=1&line_items[0][price]="

	for _, result := range []string{"succeed", "fail"} {
		session := m.make("/v1/checkout/sessions", checkout+once+"&mode=payment")
		m.call("POST", "/_sandbox/pay/"+session, "method=bank", nil)
		m.call("POST", "/_sandbox/settle/"+session, "result="+result, nil)
	}
	disputed := m.make("/v1/checkout/sessions", checkout+once+"&mode=payment")
	m.call("POST", "/_sandbox/pay/"+disputed, "card=4000000000000259", nil)
	m.call("POST", "/_sandbox/disputes/"+m.first("/v1/disputes?limit=1")+"/close", "result=lost", nil)
	m.make("/v1/checkout/sessions", checkout+once+"&mode=payment") // expires
	session := m.make("/v1/checkout/sessions", checkout+monthly+"&mode=subscription&subscription_data[trial_period_days]=7")
	m.call("POST", "/_sandbox/pay/"+session, "card=4000000000000341", nil) // the renewal fails
	m.make("/v1/subscriptions", "customer="+customer+"&items[0][price]="+monthly+"&trial_period_days=7&trial_settings[end_behavior][missing_payment_method]=pause")
	m.advance(40 * 24 * time.Hour)

	payer := m.make("/v1/customers", "email=bob@example.com&payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa")
	paused := m.make("/v1/subscriptions", "customer="+payer+"&items[0][price]="+monthly+"&trial_period_days=7&trial_settings[end_behavior][missing_payment_method]=pause")
	m.call("POST", "/v1/customers/"+payer, "invoice_settings[default_payment_method]=", nil)
	m.advance(8 * 24 * time.Hour)
	m.call("POST", "/v1/customers/"+payer, "invoice_settings[default_payment_method]="+m.first("/v1/payment_methods?customer="+payer), nil)
	m.call("POST", "/v1/subscriptions/"+paused+"/resume", "", nil)
	m.make("/v1/refunds", "charge="+m.first("/v1/charges?customer="+payer)+"&amount=100")
	m.call("POST", "/v1/invoices/"+m.first("/v1/invoices?status=open")+"/void", "", nil)
	m.call("DELETE", "/v1/customers/"+payer, "", nil)

	disputed = m.make("/v1/checkout/sessions", checkout+once+"&mode=payment")
	m.call("POST", "/_sandbox/pay/"+disputed, "card=4000000000000259", nil)
	m.call("POST", "/_sandbox/disputes/"+m.first("/v1/disputes?limit=1")+"/close", "result=won", nil)

	unpaid := m.make("/v1/invoices", "customer="+customer+"&collection_method=send_invoice&days_until_due=5")
	m.make("/v1/invoiceitems", "customer="+customer+"&invoice="+unpaid+"&amount=500&currency=usd")
	m.call("POST", "/v1/invoices/"+unpaid+"/finalize", "", nil)
	m.call("POST", "/v1/invoices/"+unpaid+"/mark_uncollectible", "", nil)
}

func (m *seedMaker) make(path, form string) (id string) {
	m.t.Helper()
	var made struct{ ID string }
	m.call("POST", path, form, &made)
	return made.ID
}

func (m *seedMaker) first(path string) (id string) {
	m.t.Helper()
	var list struct{ Data []struct{ ID string } }
	m.call("GET", path, "", &list)
	if len(list.Data) == 0 {
		m.t.Fatalf("nothing on %s", path)
	}
	return list.Data[0].ID
}

func (m *seedMaker) advance(d time.Duration) {
	m.t.Helper()
	if err := m.sb.Advance(d); err != nil {
		m.t.Fatal(err)
	}
}

func (m *seedMaker) call(method, path, form string, into any) {
	m.t.Helper()
	values, err := url.ParseQuery(form)
	if err != nil {
		m.t.Fatal(err)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(values.Encode()))
	r.Header.Set("Authorization", "Bearer sk_test_123")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	m.sb.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		m.t.Fatalf("%s %s %s: %d %s", method, path, form, answer.Code, answer.Body)
	}
	if into != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
			m.t.Fatal(err)
		}
	}
}
