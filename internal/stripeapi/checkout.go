package stripeapi

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

// CheckoutParams says what is bought, by whom, and where the browser goes then.
type CheckoutParams struct {
	Checkout   billing.Checkout // its ID is the idempotency key, its PriceID is what is bought
	CustomerID string           // cus_…
	UserID     string
	SuccessURL string // may hold Stripe's placeholder {CHECKOUT_SESSION_ID}
	CancelURL  string
}

// CreateCheckoutSession opens a Checkout Session. Called again with the same
// parameters, also after a restart, it returns the same session; after a
// failure that Stripe remembers for the key (a server error of its own), only
// a new Checkout gets further.
//
// A price that was replaced meanwhile is a Conflict with CodePriceChanged, a
// customer that Stripe does not know a NotFound with CodeCustomerMissing.
func (c *Client) CreateCheckoutSession(ctx context.Context, p CheckoutParams) (billing.CheckoutSession, error) {
	params := checkoutParams(p)
	params.Params = writeParams(ctx, p.Checkout.ID)
	got, err := c.api.CheckoutSessions.New(params)
	if se, ok := refused(err); ok && strings.HasPrefix(se.Param, "line_items") {
		c.prices.forget(p.Checkout.PriceID)
		err = priceChanged(c, err)
	}
	if err != nil {
		return billing.CheckoutSession{}, c.wrap(err, "CreateCheckoutSession(checkout %s, price %s)", p.Checkout.ID, p.Checkout.PriceID)
	}
	return checkoutSession(got), nil
}

// checkoutParams is a pure function of what it is given: the idempotency key
// makes Stripe refuse a second request that differs from the first.
func checkoutParams(p CheckoutParams) *stripe.CheckoutSessionParams {
	meta := func() map[string]string {
		return map[string]string{
			metaUser:     p.UserID,
			metaCheckout: p.Checkout.ID,
			metaPlan:     p.Checkout.Plan,
			metaInterval: string(p.Checkout.Interval),
		}
	}
	params := &stripe.CheckoutSessionParams{
		Mode:                stripe.String(string(stripe.CheckoutSessionModePayment)),
		Customer:            stripe.String(p.CustomerID),
		ClientReferenceID:   stripe.String(p.UserID),
		AllowPromotionCodes: stripe.Bool(true),
		SuccessURL:          stripe.String(p.SuccessURL),
		CancelURL:           stripe.String(p.CancelURL),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Price:    stripe.String(p.Checkout.PriceID),
			Quantity: stripe.Int64(1),
		}},
		Metadata: meta(),
	}
	if !p.Checkout.Interval.Recurring() {
		params.PaymentIntentData = &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: meta()}
		return params
	}
	params.Mode = stripe.String(string(stripe.CheckoutSessionModeSubscription))
	params.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{Metadata: meta()}
	if p.Checkout.TrialDays > 0 {
		params.SubscriptionData.TrialPeriodDays = stripe.Int64(p.Checkout.TrialDays)
	}
	return params
}

// CheckoutSession fetches a session.
func (c *Client) CheckoutSession(ctx context.Context, id string) (billing.CheckoutSession, error) {
	if err := checkID(id); err != nil {
		return billing.CheckoutSession{}, c.wrap(err, "CheckoutSession")
	}
	params := &stripe.CheckoutSessionParams{}
	params.Context = ctx
	got, err := c.api.CheckoutSessions.Get(id, params)
	if err != nil {
		return billing.CheckoutSession{}, c.wrap(err, "CheckoutSession(%s)", id)
	}
	return checkoutSession(got), nil
}

// ExpireCheckoutSession makes an open session unpayable. A session that is
// complete or expired already is a Conflict.
func (c *Client) ExpireCheckoutSession(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return c.wrap(err, "ExpireCheckoutSession")
	}
	params := &stripe.CheckoutSessionExpireParams{Params: writeParams(ctx, "")}
	_, err := c.api.CheckoutSessions.Expire(id, params)
	if _, ok := refused(err); ok {
		// Stripe has no code for this, so its state has to say.
		if got, getErr := c.CheckoutSession(ctx, id); getErr == nil && got.Status != string(stripe.CheckoutSessionStatusOpen) {
			err = c.conflict(err, "This checkout is no longer open.")
		}
	}
	return c.wrap(err, "ExpireCheckoutSession(%s)", id)
}

func checkoutSession(s *stripe.CheckoutSession) billing.CheckoutSession {
	out := billing.CheckoutSession{
		ID:                s.ID,
		CheckoutID:        s.Metadata[metaCheckout],
		ClientReferenceID: s.ClientReferenceID,
		Mode:              string(s.Mode),
		Status:            string(s.Status),
		PaymentStatus:     string(s.PaymentStatus),
		URL:               s.URL,
		Plan:              s.Metadata[metaPlan],
		Total:             billing.Money{Amount: s.AmountTotal, Currency: string(s.Currency)},
		CreatedAt:         unixTime(s.Created),
		ExpiresAt:         unixTime(s.ExpiresAt),
	}
	if s.Customer != nil {
		out.CustomerID = s.Customer.ID
	}
	if s.PaymentIntent != nil {
		out.PaymentIntentID = s.PaymentIntent.ID
	}
	if s.Subscription != nil {
		out.SubscriptionID = s.Subscription.ID
	}
	if s.Invoice != nil {
		out.InvoiceID = s.Invoice.ID
	}
	return out
}

func unixTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// checkID refuses an id that cannot be one before it gets into a URL: session
// ids come from the address bar.
func checkID(id string) error {
	const most = 255
	ok := id != "" && len(id) <= most && strings.IndexFunc(id, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}) < 0
	if ok {
		return nil
	}
	return &billing.Error{Kind: billing.NotFound, Msg: missingMsg, Err: errors.New("this is no id of Stripe's")}
}

func (c *Client) conflict(err error, msg string) *billing.Error {
	return &billing.Error{Kind: billing.Conflict, Msg: msg, Err: cause{text: c.redact(describe(err)), err: err}}
}

func priceChanged(c *Client, err error) *billing.Error {
	e := c.conflict(err, "This price has just changed. Look at the pricing page again, then continue.")
	e.Code = billing.CodePriceChanged
	return e
}
