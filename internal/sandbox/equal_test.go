package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/sandbox/faults"
)

// longLife is a customer's life with most of what may happen in it.
func longLife(b *bundle) {
	b.Helper()
	basic, power, once := b.price("Basic", 500, "month"), b.price("Power", 5000, "month"), b.price("Credits", 5000, "")
	portalConfig(b, basic, power)
	c, sub := b.subscribed(basic, visa)
	_, owing := b.subscribed(basic, failsAtRenewal)
	b.advance(10 * 24 * time.Hour)
	b.upgrade(sub, power, "always_invoice", "pending_if_incomplete")
	b.advance(2 * month)
	inv := must(b.stripe.Invoices.Get(b.subscription(sub.ID).LatestInvoice.ID, nil))
	must(b.stripe.Refunds.New(&stripe.RefundParams{Charge: &inv.Charge.ID, Amount: stripe.Int64(100)}))
	coupon := must(b.stripe.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(25), Duration: stripe.String("once")}))
	must(b.stripe.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &coupon.ID}))
	paid := b.session("payment", c, once)
	b.pay(paid, visa)
	b.session("payment", c, once) // and never paid
	must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true), Metadata: map[string]string{"a": "1", "b": "2", "c": "3"}}))
	b.advance(month)
	must(b.stripe.Customers.Del(must(b.stripe.Subscriptions.Get(owing.ID, nil)).Customer.ID, nil))
	b.flush()
}

// eventStream is everything GET /v1/events has, page by page.
func (b *bundle) eventStream() []byte {
	b.Helper()
	var out bytes.Buffer
	for after := ""; ; {
		var page struct {
			Data    []json.RawMessage
			HasMore bool `json:"has_more"`
		}
		if status := b.get("/v1/events?limit=100"+after, &page); status != http.StatusOK {
			b.Fatalf("events: %d", status)
		}
		for _, ev := range page.Data {
			out.Write(ev)
			out.WriteByte('\n')
			var e struct{ ID string }
			_ = json.Unmarshal(ev, &e)
			after = "&starting_after=" + e.ID
		}
		if !page.HasMore {
			return keyPattern.ReplaceAll(out.Bytes(), []byte(`"idempotency_key": null`))
		}
	}
}

// keyPattern is a key that Stripe's client drew for a request: the caller's chance, not the sandbox's.
var keyPattern = regexp.MustCompile(`"idempotency_key": "[^"]+"`)

func sameMoment() time.Time { return time.Unix(1_800_000_000, 0) }

func seeded(seed int64, now func() time.Time) func(*sandbox.Options) {
	return func(o *sandbox.Options) { o.Seed, o.Now, o.BaseURL = &seed, now, "http://sandbox.test" }
}

// Two equal runs with one seed, at one time, are equal to the byte, ids and secrets included.
func TestEqualRunsWithOneSeedAreEqual(t *testing.T) {
	t.Parallel()
	var streams [][]byte
	for _, seed := range []int64{7, 7, 8} {
		b := setup(t, seeded(seed, sameMoment))
		b.sb.SetBaseURL("http://sandbox.test")
		longLife(b)
		streams = append(streams, b.eventStream())
	}
	if len(streams[0]) < 100_000 {
		t.Errorf("only %d bytes of events", len(streams[0]))
	}
	if at := whereTheyDiffer(streams[0], streams[1]); at != "" {
		t.Errorf("two runs differ at %s", at)
	}
	if bytes.Equal(streams[0], streams[2]) {
		t.Error("another seed gives the same ids")
	}
}

var (
	idPattern   = regexp.MustCompile(`([a-z]+_(?:test_)?)[0-9A-Za-z]{14,}(?:_secret_[0-9A-Za-z]+)?`)
	timePattern = regexp.MustCompile(`\b1[789]\d{8}\b`)
	datePattern = regexp.MustCompile(`\d+ (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}`)
)

// Without a seed, at other times, runs are equal but for ids, times and codes.
func TestEqualRunsAreEqualButForIDsAndTimes(t *testing.T) {
	t.Parallel()
	var streams [][]byte
	for run := range 2 {
		start := sameMoment().Add(time.Duration(run) * 1234 * time.Second)
		b := setup(t, func(o *sandbox.Options) { o.Now = func() time.Time { return start } })
		b.sb.SetBaseURL("http://sandbox.test")
		longLife(b)
		stream := b.eventStream()
		stream = idPattern.ReplaceAll(stream, []byte("$1…"))
		stream = timePattern.ReplaceAll(stream, []byte("…"))
		stream = datePattern.ReplaceAll(stream, []byte("…"))
		stream = regexp.MustCompile(`"(number|invoice_prefix|code|id|coupon)": ?"[0-9A-Za-z]{8}(-\d+)?"`).ReplaceAll(stream, []byte(`"$1":"…$2"`))
		stream = regexp.MustCompile(`Invoice [0-9A-Z]{8}-`).ReplaceAll(stream, []byte("Invoice …-"))
		streams = append(streams, stream)
	}
	if at := whereTheyDiffer(streams[0], streams[1]); at != "" {
		t.Errorf("two runs differ at %s", at)
	}
}

// Faults with one seed hit the same deliveries in the same way.
func TestEqualRunsWithFaultsDeliverEqually(t *testing.T) {
	t.Parallel()
	var streams []string
	for range 2 {
		b := setup(t, seeded(7, sameMoment), func(o *sandbox.Options) {
			o.Faults = faults.Settings{Seed: 3, Webhooks: faults.Webhooks{DuplicateRate: 0.3, DropRate: 0.2}}
		})
		b.sb.SetBaseURL("http://sandbox.test")
		longLife(b)
		counts := map[string]int{}
		b.inbox.mu.Lock()
		for _, ev := range b.inbox.events {
			counts[ev.ID]++
		}
		b.inbox.mu.Unlock()
		streams = append(streams, fmt.Sprint(counts))
	}
	if streams[0] != streams[1] {
		t.Errorf("deliveries differ:\n%s\n%s", streams[0], streams[1])
	}
}

func whereTheyDiffer(a, b []byte) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			around := func(s []byte) string { return string(s[max(0, i-150):min(len(s), i+80)]) }
			return fmt.Sprintf("byte %d:\n%s\n---\n%s", i, around(a), around(b))
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("the end: %d and %d bytes", len(a), len(b))
	}
	return ""
}
