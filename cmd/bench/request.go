package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"
)

// webhookSecret signs what is sent.
const webhookSecret = "whsec_bench"

// Where both systems take webhooks.
const webhookPath = "/webhooks/stripe"

// Stand-ins in the request, each as long as what replaces it.
const (
	noTime      = "1700000001" // created, of the event alone
	noSignedAt  = "1700000009"
	noSignature = "5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f"
)

// request is a whole HTTP request, rendered once; what differs from event to event is patched in place, so that the
// generator leaves the machine to those it measures. It is used by one goroutine.
type request struct {
	bytes []byte
	body  []byte // the end of bytes
	mac   hash.Hash

	event, invoice, subscription, customer, item, created, signedAt, signature patch

	digits [64]byte
	sum    [sha256.Size]byte
}

func newRequest(host string) *request {
	head := strings.Join([]string{
		"POST " + webhookPath + " HTTP/1.1",
		"Host: " + host,
		"Content-Type: application/json; charset=utf-8",
		"Cache-Control: no-cache",
		"User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)",
		"Accept: */*; q=0.5, application/xml",
		fmt.Sprintf("Content-Length: %d", len(eventTemplate)),
		fmt.Sprintf("Stripe-Signature: t=%s,v1=%s", noSignedAt, noSignature),
		"", "",
	}, "\r\n")
	r := &request{bytes: []byte(head + eventTemplate), mac: hmac.New(sha256.New, []byte(webhookSecret))}
	r.body = r.bytes[len(head):]
	r.event = r.find(eventPrefix, mixed(0))
	r.invoice = r.find(invoicePrefix, mixed(0))
	r.subscription = r.find(subscriptionPrefix, plain(0))
	r.customer = r.find(customerPrefix, plain(0))
	r.item = r.find(itemPrefix, plain(0))
	r.created = r.find("", noTime)
	r.signedAt = r.find("", noSignedAt)
	r.signature = r.find("", noSignature)
	return r
}

// render makes it the request for an event, signed now.
func (r *request) render(e event, now time.Time) []byte {
	number := hexDigits(r.digits[:mixedWidth], uint64(e.n)*mixer)
	r.event.put(r.bytes, number)
	r.invoice.put(r.bytes, number)
	number = decimalDigits(r.digits[:plainWidth], e.subscription)
	r.subscription.put(r.bytes, number)
	r.customer.put(r.bytes, number)
	r.item.put(r.bytes, number)
	r.created.put(r.bytes, decimalDigits(r.digits[:len(noTime)], e.created))
	r.sign(now)
	return r.bytes
}

// sign does as https://docs.stripe.com/webhooks#verify-manually says.
func (r *request) sign(now time.Time) {
	at := strconv.AppendInt(r.digits[:0], now.Unix(), 10)
	r.signedAt.put(r.bytes, at)
	r.mac.Reset()
	r.mac.Write(append(at, '.'))
	r.mac.Write(r.body)
	hex.Encode(r.digits[:], r.mac.Sum(r.sum[:0]))
	r.signature.put(r.bytes, r.digits[:])
}

// patch is every place of one stand-in.
type patch []int

// find returns the places behind prefix where a stand-in is.
func (r *request) find(prefix, standIn string) patch {
	var p patch
	for at := 0; ; {
		i := bytes.Index(r.bytes[at:], []byte(prefix+standIn))
		if i < 0 {
			return p
		}
		p = append(p, at+i+len(prefix))
		at += i + len(prefix) + len(standIn)
	}
}

func (p patch) put(into, text []byte) {
	for _, at := range p {
		copy(into[at:], text)
	}
}

// decimalDigits fills all of into, with leading zeros.
func decimalDigits(into []byte, n int64) []byte {
	for i := len(into) - 1; i >= 0; i-- {
		into[i] = byte('0' + n%10)
		n /= 10
	}
	return into
}

func hexDigits(into []byte, n uint64) []byte {
	for i := len(into) - 1; i >= 0; i-- {
		into[i] = "0123456789abcdef"[n%16]
		n /= 16
	}
	return into
}
