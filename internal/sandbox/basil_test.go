package sandbox_test

import (
	"strings"
	"testing"

	stripe79 "github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v82"
)

// basilClient is Stripe's own client for Basil, on the same sandbox.
func (b *bundle) basilClient() *stripe.Client {
	noRetries := int64(0)
	backends := stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: stripe.String(b.srv.URL), MaxNetworkRetries: &noRetries, LeveledLogger: &stripe.LeveledLogger{},
	})
	return stripe.NewClient("sk_test_123", stripe.WithBackends(backends))
}

// subscribeInBasil makes a subscription as an integration of Basil does, without a page.
func (b *bundle) subscribeInBasil(sc *stripe.Client, expand ...string) *stripe.Subscription {
	b.Helper()
	ctx := b.Context()
	price := must(sc.V1Prices.Create(ctx, &stripe.PriceCreateParams{
		Currency: stripe.String("usd"), UnitAmount: stripe.Int64(1200), ProductData: &stripe.PriceCreateProductDataParams{Name: stripe.String("Team")},
		Recurring: &stripe.PriceCreateRecurringParams{Interval: stripe.String("month")},
	}))
	c := must(sc.V1Customers.Create(ctx, &stripe.CustomerCreateParams{Email: stripe.String("ada@example.com")}))
	card := must(sc.V1PaymentMethods.Attach(ctx, "pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &c.ID}))
	params := &stripe.SubscriptionCreateParams{
		Customer: &c.ID, DefaultPaymentMethod: &card.ID, Items: []*stripe.SubscriptionCreateItemParams{{Price: &price.ID, Quantity: stripe.Int64(2)}},
	}
	for _, path := range expand {
		params.AddExpand(path)
	}
	return must(sc.V1Subscriptions.Create(ctx, params))
}

func TestStripesBasilClientReadsASubscription(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sc := b.basilClient()
	sub := b.subscribeInBasil(sc, "latest_invoice.payments", "latest_invoice.confirmation_secret")
	item := sub.Items.Data[0]
	if item.CurrentPeriodStart != sub.Created || item.CurrentPeriodEnd <= item.CurrentPeriodStart || sub.BillingMode.Type != stripe.SubscriptionBillingModeTypeClassic {
		t.Errorf("subscription: %s", sub.LastResponse.RawJSON)
	}
	inv := sub.LatestInvoice
	if inv.Status != stripe.InvoiceStatusPaid || inv.Parent.Type != stripe.InvoiceParentTypeSubscriptionDetails ||
		inv.Parent.SubscriptionDetails.Subscription.ID != sub.ID || inv.AmountPaid != 2400 || inv.AmountOverpaid != 0 || len(inv.TotalTaxes) != 0 {
		t.Errorf("invoice: %+v", inv)
	}
	line := inv.Lines.Data[0]
	if line.Pricing.PriceDetails.Price != item.Price.ID || line.Pricing.PriceDetails.Product != item.Price.Product.ID || line.Pricing.UnitAmountDecimal != 1200 ||
		line.Parent.SubscriptionItemDetails.SubscriptionItem != item.ID || line.Parent.SubscriptionItemDetails.Proration {
		t.Errorf("line: %+v", line)
	}
	paid := inv.Payments.Data[0]
	if paid.Status != "paid" || paid.AmountPaid != 2400 || paid.AmountRequested != 2400 || !paid.IsDefault || paid.StatusTransitions.PaidAt == 0 ||
		paid.Payment.Type != stripe.InvoicePaymentPaymentTypePaymentIntent || paid.Invoice.ID != inv.ID {
		t.Errorf("payment: %+v", paid)
	}
	if s := inv.ConfirmationSecret; s.Type != "payment_intent" || !strings.HasPrefix(s.ClientSecret, paid.Payment.PaymentIntent.ID+"_secret_") {
		t.Errorf("confirmation secret: %+v", s)
	}
}

func TestInvoicePaymentsAreListedAndFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sc := b.basilClient()
	sub := b.subscribeInBasil(sc)
	params := &stripe.InvoicePaymentListParams{Invoice: &sub.LatestInvoice.ID, Status: stripe.String("paid")}
	params.AddExpand("data.payment.payment_intent")
	var found []*stripe.InvoicePayment
	for p, err := range sc.V1InvoicePayments.List(t.Context(), params) {
		found = append(found, must(p, err))
	}
	if len(found) != 1 || found[0].Payment.PaymentIntent.Status != stripe.PaymentIntentStatusSucceeded {
		t.Fatalf("payments: %+v", found)
	}
	again := must(sc.V1InvoicePayments.Retrieve(t.Context(), found[0].ID, nil))
	if again.ID != found[0].ID || again.Invoice.ID != sub.LatestInvoice.ID || !strings.HasPrefix(again.ID, "inpay_1") {
		t.Errorf("found again: %+v", again)
	}
	byIntent := &stripe.InvoicePaymentListParams{Payment: &stripe.InvoicePaymentListPaymentParams{
		Type: stripe.String("payment_intent"), PaymentIntent: stripe.String("pi_none"),
	}}
	for p := range sc.V1InvoicePayments.List(t.Context(), byIntent) {
		t.Errorf("found by a payment intent that is none: %+v", p)
	}
	if _, err := sc.V1InvoicePayments.Retrieve(t.Context(), "inpay_none", nil); err.(*stripe.Error).HTTPStatusCode != 404 {
		t.Errorf("not there: %v", err)
	}
}

// An unpaid first invoice is what a payment form of Basil starts from.
func TestConfirmationSecretOfAnIncompleteSubscription(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.customer(), b.price("Basic", 500, "month")
	params := &stripe.SubscriptionCreateParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionCreateItemParams{{Price: &price.ID}}, PaymentBehavior: stripe.String("default_incomplete"),
	}
	params.AddExpand("latest_invoice.confirmation_secret")
	params.AddExpand("latest_invoice.payments")
	sub := must(b.basilClient().V1Subscriptions.Create(t.Context(), params))
	if sub.LatestInvoice.ConfirmationSecret.ClientSecret == "" || sub.LatestInvoice.Payments.Data[0].Status != "open" {
		t.Errorf("invoice: %+v", sub.LatestInvoice)
	}
	trial := &stripe.SubscriptionCreateParams{Customer: &c.ID, Items: params.Items, TrialPeriodDays: stripe.Int64(7)}
	trial.AddExpand("latest_invoice.confirmation_secret")
	trial.AddExpand("latest_invoice.payments")
	free := must(b.basilClient().V1Subscriptions.Create(t.Context(), trial)).LatestInvoice
	if free.ConfirmationSecret != nil || len(free.Payments.Data) != 0 {
		t.Errorf("nothing to pay: %+v", free)
	}
}

// What is credited and charged for a change of plan comes from invoice items.
func TestProrationsInBasil(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sc := b.basilClient()
	sub := b.subscribeInBasil(sc)
	dear := b.price("Dear", 9000, "month")
	b.advance(10 * 24 * 3600 * 1e9)
	params := &stripe.SubscriptionUpdateParams{
		Items:             []*stripe.SubscriptionUpdateItemParams{{ID: &sub.Items.Data[0].ID, Price: &dear.ID}},
		ProrationBehavior: stripe.String("always_invoice"),
	}
	params.AddExpand("latest_invoice")
	inv := must(sc.V1Subscriptions.Update(t.Context(), sub.ID, params)).LatestInvoice
	if inv.Parent.SubscriptionDetails.SubscriptionProrationDate == 0 || len(inv.Lines.Data) != 2 {
		t.Fatalf("invoice: %+v", inv)
	}
	credit := inv.Lines.Data[0].Parent
	if credit.Type != stripe.InvoiceLineItemParentTypeInvoiceItemDetails || !credit.InvoiceItemDetails.Proration ||
		credit.InvoiceItemDetails.Subscription != sub.ID || !strings.HasPrefix(credit.InvoiceItemDetails.InvoiceItem, "ii_") ||
		credit.InvoiceItemDetails.ProrationDetails.CreditedItems.Invoice != sub.LatestInvoice.ID {
		t.Errorf("credit: %+v", credit.InvoiceItemDetails)
	}
	if old := must(b.stripe.Invoices.Get(inv.ID, &stripe79.InvoiceParams{})); !old.Lines.Data[0].Proration || old.Lines.Data[0].InvoiceItem == nil {
		t.Errorf("the same line at 2024-06-20: %+v", old.Lines.Data[0])
	}
}

func TestInvoiceItemsInBasil(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sc, ctx := b.basilClient(), t.Context()
	c, price := b.customer(), b.price("Setup", 700, "")
	item := must(sc.V1InvoiceItems.Create(ctx, &stripe.InvoiceItemCreateParams{
		Customer: &c.ID, Pricing: &stripe.InvoiceItemCreatePricingParams{Price: &price.ID}, Quantity: stripe.Int64(2),
	}))
	if item.Amount != 1400 || item.Pricing.PriceDetails.Price != price.ID || item.Pricing.UnitAmountDecimal != 700 || item.Parent != nil || item.Quantity != 2 {
		t.Errorf("item: %s", item.LastResponse.RawJSON)
	}
	_, err := sc.V1InvoiceItems.Create(ctx, &stripe.InvoiceItemCreateParams{
		Customer: &c.ID, Pricing: &stripe.InvoiceItemCreatePricingParams{Price: stripe.String("price_none")},
	})
	if e := err.(*stripe.Error); e.Code != stripe.ErrorCodeResourceMissing || e.Param != "pricing[price]" {
		t.Errorf("a price that is none: %+v", e)
	}
	inv := must(sc.V1Invoices.Create(ctx, &stripe.InvoiceCreateParams{Customer: &c.ID, PendingInvoiceItemsBehavior: stripe.String("include")}))
	line := must(sc.V1Invoices.Retrieve(ctx, inv.ID, nil)).Lines.Data[0]
	if line.Parent.Type != stripe.InvoiceLineItemParentTypeInvoiceItemDetails || line.Parent.InvoiceItemDetails.InvoiceItem != item.ID || inv.Parent != nil {
		t.Errorf("line: %+v, parent %+v", line.Parent, inv.Parent)
	}
	paid := must(sc.V1Invoices.Pay(ctx, inv.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)}))
	if paid.Status != stripe.InvoiceStatusPaid || paid.AmountPaid != 1400 || paid.AmountRemaining != 0 {
		t.Errorf("paid elsewhere: %s", paid.LastResponse.RawJSON)
	}
}

func TestDiscountsAndTaxesInBasil(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sc, ctx := b.basilClient(), t.Context()
	coupon := must(sc.V1Coupons.Create(ctx, &stripe.CouponCreateParams{PercentOff: stripe.Float64(50), Duration: stripe.String("once")}))
	price := b.price("Basic", 1000, "month")
	c := must(sc.V1Customers.Create(ctx, &stripe.CustomerCreateParams{
		Address: &stripe.AddressParams{Country: stripe.String("DE"), PostalCode: stripe.String("10115")},
	}))
	card := must(sc.V1PaymentMethods.Attach(ctx, "pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &c.ID}))
	params := &stripe.SubscriptionCreateParams{
		Customer: &c.ID, DefaultPaymentMethod: &card.ID, Items: []*stripe.SubscriptionCreateItemParams{{Price: &price.ID}},
		Discounts:    []*stripe.SubscriptionCreateDiscountParams{{Coupon: &coupon.ID}},
		AutomaticTax: &stripe.SubscriptionCreateAutomaticTaxParams{Enabled: stripe.Bool(true)},
	}
	params.AddExpand("latest_invoice.discounts")
	inv := must(sc.V1Subscriptions.Create(ctx, params)).LatestInvoice
	if len(inv.Discounts) != 1 || inv.Discounts[0].Coupon.ID != coupon.ID || inv.TotalDiscountAmounts[0].Amount != 500 {
		t.Errorf("discounts: %+v %+v", inv.Discounts, inv.TotalDiscountAmounts)
	}
	_, old := b.getAt("/v1/invoices/"+inv.ID, "2024-06-20")
	was := at(old, "total_tax_amounts").([]any)[0]
	tax := inv.TotalTaxes[0]
	if float64(tax.Amount) != at(was, "amount") || tax.Amount == 0 || tax.TaxRateDetails.TaxRate != at(was, "tax_rate") || tax.TaxBehavior != stripe.InvoiceTotalTaxTaxBehaviorExclusive {
		t.Errorf("got %+v, at 2024-06-20 %v", tax, was)
	}
	if line := inv.Lines.Data[0]; len(line.Taxes) != 1 || line.Taxes[0].Amount != tax.Amount || inv.AutomaticTax.Provider != "stripe" {
		t.Errorf("line: %+v, automatic tax %+v", line.Taxes, inv.AutomaticTax)
	}
}

// Basil takes off no amount for ever: neither by a new coupon, nor by one that was made before.
func TestNoAmountOffForeverInBasil(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sc, ctx := b.basilClient(), t.Context()
	_, err := sc.V1Coupons.Create(ctx, &stripe.CouponCreateParams{
		AmountOff: stripe.Int64(100), Currency: stripe.String("usd"), Duration: stripe.String("forever"),
	})
	if e, ok := err.(*stripe.Error); !ok || e.HTTPStatusCode != 400 || e.Param != "duration" {
		t.Errorf("made: %v", err)
	}
	b.post("/v1/coupons", "id=old&amount_off=100&currency=usd&duration=forever")
	sub := b.subscribeInBasil(sc)
	_, err = sc.V1Subscriptions.Update(ctx, sub.ID, &stripe.SubscriptionUpdateParams{
		Discounts: []*stripe.SubscriptionUpdateDiscountParams{{Coupon: stripe.String("old")}},
	})
	if e, ok := err.(*stripe.Error); !ok || e.HTTPStatusCode != 400 || e.Param != "discounts[0][coupon]" {
		t.Errorf("given: %v", err)
	}
	if res, body := b.post("/v1/subscriptions/"+sub.ID, "discounts[0][coupon]=old"); res.StatusCode != 200 {
		t.Errorf("given at 2024-06-20: %s", body)
	}
}

func TestPreviewInBasil(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sc, ctx := b.basilClient(), t.Context()
	sub := b.subscribeInBasil(sc)
	dear := b.price("Dear", 9000, "month")
	inv := must(sc.V1Invoices.CreatePreview(ctx, &stripe.InvoiceCreatePreviewParams{
		Subscription: &sub.ID, SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items:             []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{ID: &sub.Items.Data[0].ID, Price: &dear.ID}},
			ProrationBehavior: stripe.String("always_invoice"),
		},
	}))
	if inv.Parent.SubscriptionDetails.Subscription.ID != sub.ID || inv.Lines.Data[0].Parent.InvoiceItemDetails == nil || inv.AmountDue <= 0 {
		t.Errorf("preview: %s", inv.LastResponse.RawJSON)
	}
	res, body := b.post("/v1/invoices/create_preview", "subscription="+sub.ID+"&coupon=x", "Stripe-Version", string(latestBasil))
	if res.StatusCode != 400 || !strings.Contains(body, "parameter_unknown") {
		t.Errorf("a coupon: %d %s", res.StatusCode, body)
	}
}
