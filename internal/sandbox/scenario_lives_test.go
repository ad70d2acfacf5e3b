package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// get fetches an address of the API as anybody would, and reads the answer into out unless that is nil.
func (b *bundle) get(path string, out any) int {
	b.Helper()
	req := must(http.NewRequest(http.MethodGet, b.srv.URL+path, nil))
	req.SetBasicAuth("sk_test_123", "")
	res := must(http.DefaultClient.Do(req))
	defer res.Body.Close()
	if out != nil {
		if err := json.NewDecoder(res.Body).Decode(out); err != nil {
			b.Fatalf("%s: %v", path, err)
		}
	}
	return res.StatusCode
}

// idsOf lists the objects of a kind; none when the kind has no list.
func (b *bundle) idsOf(kind string) []string {
	b.Helper()
	var list struct {
		Data []struct{ ID string }
	}
	if b.get(kind+"?limit=100", &list) != http.StatusOK {
		return nil
	}
	var ids []string
	for _, o := range list.Data {
		ids = append(ids, o.ID)
	}
	return ids
}

// until moves sandbox time to a moment in Unix seconds.
func (b *bundle) until(at int64) {
	b.Helper()
	b.advance(time.Unix(at, 0).Sub(b.sb.Now()))
}

func (b *bundle) subscription(id string) *stripe.Subscription {
	b.Helper()
	return must(b.stripe.Subscriptions.Get(id, nil))
}

// status says how a subscription stands, and complains when that is not what was expected.
func (b *bundle) wantStatus(id string, want stripe.SubscriptionStatus) {
	b.Helper()
	if got := b.subscription(id).Status; got != want {
		b.Errorf("the subscription is %s, want %s", got, want)
	}
}

// What comes of a first or later payment that works; of one that is refused.
var (
	paidFirst  = []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "customer.subscription.updated", "invoice.updated", "invoice.paid", "invoice.payment_succeeded"}
	paidLater  = []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded"}
	paidAtLast = []string{"charge.succeeded", "payment_intent.succeeded", "customer.updated", "customer.subscription.updated", "invoice.updated", "invoice.paid", "invoice.payment_succeeded"}
	refusedNow = []string{"charge.failed", "payment_intent.payment_failed", "invoice.updated", "invoice.payment_failed"}
)

func (b *bundle) completes(s *stripe.CheckoutSession, want stripe.CheckoutSessionPaymentStatus) {
	b.Helper()
	s = must(b.stripe.CheckoutSessions.Get(s.ID, nil))
	if s.Status != stripe.CheckoutSessionStatusComplete || s.PaymentStatus != want {
		b.Errorf("the session is %s and %s, want complete and %s", s.Status, s.PaymentStatus, want)
	}
}

func (b *bundle) settle(s *stripe.CheckoutSession, result string) {
	b.Helper()
	if status, out := b.control("/_sandbox/settle/"+s.ID, url.Values{"result": {result}}); status != http.StatusOK {
		b.Errorf("settle: %d %v", status, out)
	}
}

// compressed is how many bytes of a page go over the line.
func compressed(b *bundle, page string) int {
	b.Helper()
	res := must(http.Get(b.abs(page)))
	defer res.Body.Close()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_ = must(io.Copy(z, res.Body))
	_ = z.Close()
	return packed.Len()
}

func (b *bundle) text(res *http.Response) string {
	b.Helper()
	defer res.Body.Close()
	return string(must(io.ReadAll(res.Body)))
}
