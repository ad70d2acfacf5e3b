package sandbox_test

import (
	"net/url"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// Subscriptions that come to cost more or less.

// renews goes over one renewal with a payment, and compares what it came to.
func (b *bundle) renews(id string, want int64) {
	b.Helper()
	sub := b.subscription(id)
	b.step(func() { b.until(sub.CurrentPeriodEnd) }, "customer.subscription.updated", "invoice.created")
	b.step(func() { b.advance(time.Hour) }, all("invoice.finalized", paidLater)...)
	if inv := b.latest(b.subscription(id)); inv.AmountPaid != want || inv.Status != stripe.InvoiceStatusPaid {
		b.Errorf("renewed for %d, %s, want %d", inv.AmountPaid, inv.Status, want)
	}
}

func codeAtCheckout(b *bundle) {
	c, price := b.customer(), b.price("Basic", 500, "month")
	b.code(b.coupon(lasts("once", 0)), "HALF")
	s := b.session("subscription", c, price, withCodes)
	b.step(func() { b.submit(s.URL, url.Values{"promotion_code": {"HALF"}}) })
	b.step(func() { b.pay(s, visa) }, all("payment_method.attached", "customer.updated", "customer.subscription.created",
		"customer.discount.created", "promotion_code.updated", "coupon.updated", "invoice.created", "invoice.finalized",
		"customer.discount.deleted", "customer.subscription.updated", paidFirst, "checkout.session.completed")...)
	b.renews(onlySubscription(b, c).ID, 500)
	if got := b.paidTotals(c); !slices.Equal(got, []int64{250, 500}) {
		b.Errorf("paid %v, want half once, then all", got)
	}
}

func repeatingCoupon(b *bundle) {
	c, price, coupon := b.paying("pm_card_visa"), b.price("Basic", 500, "month"), b.coupon(lasts("repeating", 2))
	var sub *stripe.Subscription
	b.step(func() {
		sub = b.subscribedWith(c, price, func(p *stripe.SubscriptionParams) {
			p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &coupon.ID}}
		})
	}, all("customer.updated", "customer.subscription.created", "customer.discount.created", "coupon.updated",
		"invoice.created", "invoice.finalized", paidFirst)...)
	b.renews(sub.ID, 250)
	sub = b.subscription(sub.ID)
	b.step(func() { b.until(sub.CurrentPeriodEnd) },
		"customer.discount.deleted", "customer.subscription.updated", "customer.subscription.updated", "invoice.created")
	b.step(func() { b.advance(time.Hour) }, all("invoice.finalized", paidLater)...)
	if got := b.paidTotals(c); !slices.Equal(got, []int64{250, 250, 500}) {
		b.Errorf("paid %v, want half for two months, then all", got)
	}
}

func taxedSubscription(b *bundle) {
	c, price := b.paying("pm_card_visa"), b.taxed(1000, "month", "exclusive")
	var sub *stripe.Subscription
	b.step(func() { sub = b.subscribedWith(c, price, withTax) },
		all("customer.updated", "customer.subscription.created", "invoice.created", "invoice.finalized", paidFirst)...)
	if inv := sub.LatestInvoice; inv.Tax != 100 || inv.Total != 1100 || inv.AutomaticTax.Status != "complete" {
		b.Errorf("tax %d of %d, %s", inv.Tax, inv.Total, inv.AutomaticTax.Status)
	}
	b.renews(sub.ID, 1100)
}

func moreSeats(b *bundle) {
	_, sub := b.bought(500, visa)
	b.until((sub.CurrentPeriodStart + sub.CurrentPeriodEnd) / 2)
	b.step(func() {
		sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
			Items: []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Quantity: stripe.Int64(3)}},
		}))
	}, "invoiceitem.created", "invoiceitem.created", "customer.subscription.updated")
	b.renews(sub.ID, -250+750+1500)
}

func creditedDowngrade(b *bundle) {
	c, sub := b.bought(5000, visa)
	basic := b.price("Basic", 500, "month")
	b.until((sub.CurrentPeriodStart + sub.CurrentPeriodEnd) / 2)
	b.step(func() { b.upgrade(sub, basic, "always_invoice", "allow_incomplete") },
		"invoice.created", "customer.updated", "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated")
	credit := must(b.stripe.Customers.Get(c.ID, nil)).Balance
	if credit != -2250 {
		b.Errorf("the balance is %d, want -2250", credit)
	}
	sub = b.subscription(sub.ID)
	b.step(func() { b.until(sub.CurrentPeriodEnd) }, "customer.subscription.updated", "invoice.created")
	b.step(func() { b.advance(time.Hour) },
		"customer.updated", "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	if inv := b.latest(b.subscription(sub.ID)); inv.AmountDue != 0 || inv.Total != 500 || inv.EndingBalance != credit+500 {
		b.Errorf("the next invoice takes %d of %d and leaves %d", inv.AmountDue, inv.Total, inv.EndingBalance)
	}
}

func yearlyNow(b *bundle) {
	_, sub := b.bought(500, visa)
	yearly := b.price("Yearly", 5000, "year")
	b.until((sub.CurrentPeriodStart + sub.CurrentPeriodEnd) / 2)
	b.step(func() { sub = b.upgrade(sub, yearly, "create_prorations", "allow_incomplete") },
		all("invoice.created", "invoice.finalized", paidLater, "customer.subscription.updated")...)
	length := time.Unix(sub.CurrentPeriodEnd, 0).Sub(time.Unix(sub.CurrentPeriodStart, 0))
	if inv := b.latest(sub); inv.AmountPaid != 5000-250 || length < 365*24*time.Hour || sub.BillingCycleAnchor != sub.CurrentPeriodStart {
		b.Errorf("charged %d for %s", inv.AmountPaid, length)
	}
}
