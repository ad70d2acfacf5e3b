package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/sandbox/api"
)

// A scenario is a life that Stripe's documentation describes, with the events it says come of it.
type scenario struct {
	name string
	page string // where Stripe says so
	live func(*bundle)
}

// Every scenario is lived step by step. After each step its events are compared, every event is delivered, and every
// object there is, of every kind, is fetched and must have the shape that Stripe publishes.
var scenarios = []scenario{
	{"a subscription is bought at Checkout", "https://docs.stripe.com/billing/subscriptions/webhooks", buySubscription},
	{"a first payment fails, and is never made", "https://docs.stripe.com/billing/subscriptions/overview#payment-window", neverPaid},
	{"a subscription renews", "https://docs.stripe.com/billing/subscriptions/webhooks#successful-payments", renewal},
	{"a renewal fails and heals", "https://docs.stripe.com/billing/revenue-recovery/smart-retries", healedRenewal},
	{"a renewal fails for good: canceled", "https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses", lostRenewal},
	{"a trial becomes a subscription", "https://docs.stripe.com/billing/subscriptions/trials", trial},
	{"a trial without a card pauses", "https://docs.stripe.com/billing/subscriptions/trials/free-trials#create-free-trials-without-payment", pausedTrial},
	{"an order is paid at Checkout", "https://docs.stripe.com/checkout/fulfillment", order},
	{"an order is paid by bank, later", "https://docs.stripe.com/checkout/fulfillment#delayed-payment", bankOrder},
	{"an order's bank payment fails", "https://docs.stripe.com/checkout/fulfillment#delayed-payment", bankOrderFails},
	{"a session is left alone", "https://docs.stripe.com/payments/checkout/abandoned-carts", abandoned},
	{"an upgrade is prorated on the next invoice", "https://docs.stripe.com/billing/subscriptions/prorations", proratedLater},
	{"an upgrade is prorated and charged at once", "https://docs.stripe.com/billing/subscriptions/prorations#when-prorations-are-applied", proratedNow},
	{"an upgrade that is not paid stays pending, then expires", "https://docs.stripe.com/billing/subscriptions/pending-updates", pendingUpdate},
	{"a plan is canceled at the end of its period", "https://docs.stripe.com/billing/subscriptions/cancel", cancelAtEnd},
	{"a plan is canceled at once", "https://docs.stripe.com/billing/subscriptions/cancel", cancelNow},
	{"a payment is refunded in part, then in full", "https://docs.stripe.com/refunds", refunds},
	{"a renewal fails for good: unpaid", "https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses", unpaidRenewal},
	{"a renewal fails for good: past due", "https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses", pastDueRenewal},
	{"a first payment needs 3-D Secure", "https://docs.stripe.com/billing/subscriptions/overview", authenticatedFirst},
	{"collection is paused and resumed", "https://docs.stripe.com/billing/subscriptions/pause-payment", pausedCollection},
	{"a trial without a card cancels", "https://docs.stripe.com/billing/subscriptions/trials/free-trials#create-free-trials-without-payment", lostTrial},
	{"a trial is ended early", "https://docs.stripe.com/billing/subscriptions/trials", shortTrial},
	{"a customer is deleted with a subscription", "https://docs.stripe.com/api/customers/delete", deletedCustomer},
	{"a renewal is announced", "https://docs.stripe.com/billing/subscriptions/webhooks", announcedRenewal},
	{"a downgrade waits for the end of the period", "https://docs.stripe.com/billing/subscriptions/subscription-schedules/use-cases", downgradeLater},
	{"a code takes half off at Checkout, once", "https://docs.stripe.com/billing/subscriptions/coupons#promotion-codes", codeAtCheckout},
	{"a coupon repeats over its months", "https://docs.stripe.com/billing/subscriptions/coupons", repeatingCoupon},
	{"a subscription is taxed, and its renewal", "https://docs.stripe.com/tax/subscriptions", taxedSubscription},
	{"a quantity is changed and prorated", "https://docs.stripe.com/billing/subscriptions/prorations", moreSeats},
	{"a downgrade leaves credit for the next invoice", "https://docs.stripe.com/billing/subscriptions/change-price", creditedDowngrade},
	{"a month becomes a year, charged at once", "https://docs.stripe.com/billing/subscriptions/change-price", yearlyNow},
	{"an invoice is sent, overdue, then paid", "https://docs.stripe.com/invoicing/overview", overdueInvoice},
	{"an invoice is made by hand", "https://docs.stripe.com/invoicing/overview", invoiceByHand},
	{"an invoice is voided", "https://docs.stripe.com/invoicing/overview", voidedInvoice},
	{"an invoice is uncollectible, and paid after all", "https://docs.stripe.com/invoicing/overview", uncollectibleInvoice},
	{"a dispute is won", "https://docs.stripe.com/disputes/api", wonDispute},
	{"a dispute is lost", "https://docs.stripe.com/disputes/api", lostDispute},
	{"a refund fails", "https://docs.stripe.com/refunds", failedRefund},
	{"a payment is held, then captured", "https://docs.stripe.com/payments/place-a-hold-on-a-payment-method", heldPayment},
	{"a payment is canceled", "https://docs.stripe.com/payments/payment-intents/verifying-status", canceledPayment},
	{"a payment is declined, then made", "https://docs.stripe.com/payments/payment-intents/verifying-status", declinedThenPaid},
	{"a card is saved, then charged without its owner", "https://docs.stripe.com/payments/save-and-reuse", savedThenCharged},
	{"a card is saved at Checkout", "https://docs.stripe.com/payments/save-and-reuse", savedAtCheckout},
	{"a test clock goes over a renewal", "https://docs.stripe.com/billing/testing/test-clocks/api-advanced-usage", clockLife},
	{"an endpoint is disabled and enabled", "https://docs.stripe.com/api/webhook_endpoints/update", disabledEndpoint},
	{"an endpoint's secret is rolled", "https://docs.stripe.com/webhooks", rolledSecret},
}

// leaves says what becomes of the subscription in the scenarios where that is not the default.
var leaves = map[string]string{"a renewal fails for good: unpaid": "unpaid", "a renewal fails for good: past due": "past_due"}

func (s scenario) setup(t *testing.T, opts ...func(*sandbox.Options)) *bundle {
	t.Helper()
	return setup(t, append(opts, func(o *sandbox.Options) { o.AfterRetries = leaves[s.name] })...)
}

func TestStripesScenarios(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b := s.setup(t)
			s.live(b)
			if t.Failed() {
				t.Logf("Stripe's page: %s", s.page)
			}
		})
	}
}

// step does something, and compares what it made happen.
func (b *bundle) step(do func(), want ...string) {
	b.Helper()
	since := b.mark()
	do()
	b.wantEvents(since(), want...)
	b.flush()
	b.everythingFits()
}

// everythingFits fetches every object of every kind; the check of the answers against Stripe's schema is in setup.
func (b *bundle) everythingFits() {
	b.Helper()
	for _, r := range api.Routes() {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.Pattern, "/{id}") {
			continue
		}
		kind := strings.TrimSuffix(r.Pattern, "/{id}")
		for _, id := range b.idsOf(kind) {
			if status := b.get(kind+"/"+id, nil); status != http.StatusOK {
				b.Errorf("GET %s/%s: %d", kind, id, status)
			}
		}
	}
}
