package doctor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// why says why an event did not arrive, as far as it can be known from here:
// by what Stripe says of its delivery, and by what the app answers to a post
// that is signed with the secrets set here.
func (t *RoundTrip) why(ctx context.Context, probe string) string {
	delivery, err := t.Stripe.ProbeDelivery(ctx, probe)
	if err != nil || delivery.EventID == "" {
		return fmt.Sprintf("Stripe does not list the event either: look at %s.", t.Dashboard("events"))
	}
	answer := t.ask(ctx)
	switch {
	case delivery.Pending == 0:
		return fmt.Sprintf("Stripe has nothing left to send of %s: somebody acknowledged it who does not write into this database. "+
			"Look whether DATABASE_URL is the same here and for the app.", delivery.EventID)
	case answer == takes:
		return fmt.Sprintf("The app takes what is signed with STRIPE_WEBHOOK_SECRET, so Stripe signs with another secret, or cannot reach %s. "+
			"On %s look at the endpoint's last deliveries: where the app answered 400, set STRIPE_WEBHOOK_SECRET to the signing secret on that page, or run `payloop webhooks rotate`.", t.URL, t.Dashboard("webhooks"))
	}
	return fmt.Sprintf(string(answer), t.URL)
}

// answer is how the app at the address answers. As text it says what to do;
// %[1]s stands for the address.
type answer string

const (
	takes       answer = ""
	silent      answer = "The app does not answer at %[1]s: start `payloop serve`, or look at BASE_URL and your proxy."
	otherSecret answer = "The app at %[1]s has another STRIPE_WEBHOOK_SECRET than is set here: restart it."
	leadsOn     answer = "%[1]s leads on to another address, and Stripe does not follow: set BASE_URL to the address that answers by itself."
	busy        answer = "The app at %[1]s takes no events just now: look at its log."
	stranger    answer = "Something answers at %[1]s that is not Payloop: look at BASE_URL, and whether your proxy passes on the path."
)

// ask posts something signed that is no event, so that nothing is stored, with
// each secret that is set here.
func (t *RoundTrip) ask(ctx context.Context) answer {
	for _, secret := range t.Secrets {
		res, err := t.post(ctx, secret)
		if err != nil {
			return silent
		}
		code := errorCode(res)
		switch {
		case res.StatusCode >= 300 && res.StatusCode < 400:
			return leadsOn
		case code == "":
			return stranger
		case res.StatusCode == http.StatusServiceUnavailable:
			return busy
		case code == "bad_signature":
			return otherSecret
		}
	}
	return takes
}

func (t *RoundTrip) post(ctx context.Context, secret string) (*http.Response, error) {
	const body = `{"object":"payloop.doctor"}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", t.sign(body, secret))
	return t.HTTP.Do(req)
}

// sign makes a Stripe-Signature header:
// https://docs.stripe.com/webhooks#verify-manually
func (t *RoundTrip) sign(body, secret string) string {
	at := t.Now().Unix()
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at, body)
	return fmt.Sprintf("t=%d,v1=%x", at, mac.Sum(nil))
}

// errorCode reads the code of one of Payloop's own errors, "" of anything else.
func errorCode(res *http.Response) string {
	defer res.Body.Close()
	const most = 64 << 10 // an error has a few hundred bytes
	var answer struct {
		Error struct {
			Code      string `json:"code"`
			RequestID string `json:"request_id"`
		} `json:"error"`
	}
	if json.NewDecoder(io.LimitReader(res.Body, most)).Decode(&answer) != nil || answer.Error.RequestID == "" {
		return ""
	}
	return answer.Error.Code
}
