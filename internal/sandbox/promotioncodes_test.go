package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

func (b *bundle) code(coupon *stripe.Coupon, code string, change ...func(*stripe.PromotionCodeParams)) *stripe.PromotionCode {
	b.Helper()
	p := &stripe.PromotionCodeParams{Coupon: &coupon.ID, Code: &code}
	for _, ch := range change {
		ch(p)
	}
	return must(b.stripe.PromotionCodes.New(p))
}

// withCodes lets the buyer enter a promotion code.
func withCodes(p *stripe.CheckoutSessionParams) { p.AllowPromotionCodes = stripe.Bool(true) }

func withDiscount(d *stripe.CheckoutSessionDiscountParams) func(*stripe.CheckoutSessionParams) {
	return func(p *stripe.CheckoutSessionParams) { p.Discounts = []*stripe.CheckoutSessionDiscountParams{d} }
}

func TestPromotionCodesAreUniqueAndFoundWhateverTheCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	coupon := b.coupon(lasts("once", 0))
	save := b.code(coupon, "SAVE")
	_, err := b.stripe.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &coupon.ID, Code: stripe.String("save")})
	wantError(t, err, http.StatusBadRequest, "code", "already exists")
	_, err = b.stripe.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &coupon.ID, Code: stripe.String("sa ve")})
	wantError(t, err, http.StatusBadRequest, "code", "letters")
	_, err = b.stripe.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: stripe.String("none")})
	wantError(t, err, http.StatusBadRequest, "coupon", "No such coupon: 'none'")
	_ = must(b.stripe.PromotionCodes.Update(save.ID, &stripe.PromotionCodeParams{Active: stripe.Bool(false), Metadata: map[string]string{"a": "b"}}))
	again := b.code(coupon, "save")
	_, err = b.stripe.PromotionCodes.Update(save.ID, &stripe.PromotionCodeParams{Active: stripe.Bool(true)})
	wantError(t, err, http.StatusBadRequest, "code", "already exists")
	it := b.stripe.PromotionCodes.List(&stripe.PromotionCodeListParams{Code: stripe.String("Save"), Active: stripe.Bool(true), Coupon: &coupon.ID})
	if !it.Next() || it.PromotionCode().ID != again.ID || it.Next() {
		t.Error("not found by its code")
	}
	c := b.customer()
	own := b.code(coupon, "SAVE", func(p *stripe.PromotionCodeParams) { p.Customer = &c.ID })
	if it := b.stripe.PromotionCodes.List(&stripe.PromotionCodeListParams{Customer: &c.ID}); !it.Next() || it.PromotionCode().ID != own.ID || it.Next() {
		t.Error("not found by its customer")
	}
}

func TestPromotionCodesAreForWhomTheySay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	coupon, price := b.coupon(lasts("forever", 0)), b.price("Basic", 1000, "month")
	other, old := b.customer(), b.buyer()
	b.subscribe(old, price)
	minimum := func(p *stripe.PromotionCodeParams) {
		p.Restrictions = &stripe.PromotionCodeRestrictionsParams{MinimumAmount: stripe.Int64(1001), MinimumAmountCurrency: stripe.String("usd")}
	}
	first := func(p *stripe.PromotionCodeParams) {
		p.Restrictions = &stripe.PromotionCodeRestrictionsParams{FirstTimeTransaction: stripe.Bool(true)}
	}
	for _, tt := range []struct {
		code *stripe.PromotionCode
		why  string
	}{
		{b.code(coupon, "OTHER", func(p *stripe.PromotionCodeParams) { p.Customer = &other.ID }), "restricted to another customer"},
		{b.code(coupon, "FIRST", first), "because the associated customer has prior transactions."},
		{b.code(coupon, "MINIMUM", minimum), "below the minimum of $10.01"},
		{b.code(coupon, "OFF", func(p *stripe.PromotionCodeParams) { p.Active = stripe.Bool(false) }), "inactive"},
	} {
		_, err := b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
			Customer: &old.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}, PromotionCode: &tt.code.ID,
		})
		wantError(t, err, http.StatusBadRequest, "promotion_code", tt.why)
		s := b.session("subscription", old, price, withCodes)
		if status, page, _ := b.submit(s.URL, url.Values{"promotion_code": {tt.code.Code}}); status != http.StatusBadRequest || page.Find("#code-problem").Text() == "" {
			t.Errorf("%s on the page: %d %q", tt.code.Code, status, page.Find("#code-problem").Text())
		}
	}
	if again := must(b.stripe.Coupons.Get(coupon.ID, nil)); again.TimesRedeemed != 0 {
		t.Errorf("refused codes were counted: %d", again.TimesRedeemed)
	}
}

func TestRedemptionsAreCountedAndLimited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	coupon := b.coupon(func(p *stripe.CouponParams) { p.MaxRedemptions, p.Duration = stripe.Int64(2), stripe.String("forever") })
	once := b.code(coupon, "ONCE", func(p *stripe.PromotionCodeParams) { p.MaxRedemptions = stripe.Int64(1) })
	more := b.code(coupon, "MORE")
	c, price := b.buyer(), b.price("Basic", 1000, "month")
	since := b.mark()
	sub := b.subscribedWith(c, price, func(p *stripe.SubscriptionParams) { p.PromotionCode = &once.ID })
	b.wantEvents(since()[:5], "customer.updated", "customer.subscription.created", "customer.discount.created", "promotion_code.updated", "coupon.updated")
	if sub.Discount.PromotionCode.ID != once.ID || sub.Discount.Subscription != sub.ID || sub.Discount.Customer.ID != c.ID {
		t.Errorf("discount: %+v", sub.Discount)
	}
	if once = must(b.stripe.PromotionCodes.Get(once.ID, nil)); once.Active || once.TimesRedeemed != 1 || once.Coupon.TimesRedeemed != 1 {
		t.Errorf("code: %+v", once)
	}
	_, err := b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{PromotionCode: &once.ID})
	wantError(t, err, http.StatusBadRequest, "promotion_code", "inactive")
	_ = must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{PromotionCode: &more.ID}))
	if coupon = must(b.stripe.Coupons.Get(coupon.ID, nil)); coupon.Valid || coupon.TimesRedeemed != 2 {
		t.Errorf("coupon: %+v", coupon)
	}
	_, err = b.stripe.Customers.Update(b.customer().ID, &stripe.CustomerParams{Coupon: &coupon.ID})
	wantError(t, err, http.StatusBadRequest, "coupon", "no longer valid")
	_, err = b.stripe.PromotionCodes.Update(more.ID, &stripe.PromotionCodeParams{Active: stripe.Bool(true)})
	wantError(t, err, http.StatusBadRequest, "active", "no longer valid")
	if more = must(b.stripe.PromotionCodes.Get(more.ID, nil)); more.Active {
		t.Error("a code outlives its coupon")
	}
}

func TestCouponsAndCodesEndInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	soon, later := b.sb.Now().Add(time.Hour).Unix(), b.sb.Now().Add(3*time.Hour).Unix()
	coupon := b.coupon(func(p *stripe.CouponParams) { p.RedeemBy = &later })
	early := b.code(coupon, "EARLY", func(p *stripe.PromotionCodeParams) { p.ExpiresAt = &soon })
	late := b.code(coupon, "LATE")
	_, err := b.stripe.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &coupon.ID, ExpiresAt: stripe.Int64(later + 1)})
	wantError(t, err, http.StatusBadRequest, "expires_at", "redeem_by")
	b.advance(2 * time.Hour)
	if early = must(b.stripe.PromotionCodes.Get(early.ID, nil)); early.Active {
		t.Error("an expired code is active")
	}
	_, err = b.stripe.Customers.Update(b.customer().ID, &stripe.CustomerParams{PromotionCode: &early.ID})
	wantError(t, err, http.StatusBadRequest, "promotion_code", "expired")
	b.advance(2 * time.Hour)
	if late = must(b.stripe.PromotionCodes.Get(late.ID, nil)); late.Active || late.Coupon.Valid {
		t.Error("a code outlives its coupon")
	}
	_, err = b.stripe.Customers.Update(b.customer().ID, &stripe.CustomerParams{Coupon: &coupon.ID})
	wantError(t, err, http.StatusBadRequest, "coupon", "Coupon expired")
}

func TestACodeIsEnteredOnTheCheckoutPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	coupon := b.coupon(func(p *stripe.CouponParams) { p.Name = stripe.String("Spring sale") })
	code := b.code(coupon, "SPRING")
	s := b.session("subscription", b.customer(), b.price("Basic", 1000, "month"), withCodes)
	status, page, _ := b.submit(s.URL, url.Values{"promotion_code": {"WINTER"}})
	field := page.Find("#promotion-code")
	by, _ := field.Attr("aria-describedby")
	typed, _ := field.Attr("value")
	if status != http.StatusBadRequest || page.Find("#"+by).Text() != "This code is invalid." || typed != "WINTER" || page.Find("label[for=promotion-code]").Length() != 1 {
		t.Errorf("a wrong code: %d, described by %q, %q", status, by, typed)
	}
	status, _, to := b.submit(s.URL, url.Values{"promotion_code": {" spring "}})
	if status != http.StatusSeeOther || !strings.HasSuffix(s.URL, to) {
		t.Fatalf("a right code: %d to %s", status, to)
	}
	_, page = b.visit(s.URL)
	if page.Find("#total").Text() != "$5.00" || page.Find("#discount").Text() != "-$5.00" || page.Find("#subtotal").Text() != "$10.00" || !strings.Contains(page.Text(), "Spring sale") {
		t.Errorf("with the code: %s, %s", page.Find("#total").Text(), page.Find("#discount").Text())
	}
	if !strings.Contains(page.Find(".side").Text(), "$10.00 per month") || page.Find("#promotion-code").Length() != 0 {
		t.Errorf("what comes later: %s", page.Find(".side").Text())
	}
	b.submit(s.URL, url.Values{"remove_code": {"1"}})
	if _, page = b.visit(s.URL); page.Find("#total").Text() != "$10.00" || page.Find("#promotion-code").Length() != 1 {
		t.Errorf("without it: %s", page.Find("#total").Text())
	}
	b.submit(s.URL, url.Values{"promotion_code": {"SPRING"}})
	since := b.mark()
	b.pay(s, visa)
	got := strings.Join(since(), " ")
	for _, want := range []string{"customer.discount.created", "promotion_code.updated", "coupon.updated", "customer.discount.deleted", "invoice.paid"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	s = must(b.stripe.CheckoutSessions.Get(s.ID, &stripe.CheckoutSessionParams{Params: expand("total_details.breakdown", "invoice", "line_items.data.discounts")}))
	if s.AmountSubtotal != 1000 || s.AmountTotal != 500 || s.TotalDetails.AmountDiscount != 500 || s.Invoice.Total != 500 {
		t.Errorf("session: %d %d, invoice %d", s.AmountSubtotal, s.AmountTotal, s.Invoice.Total)
	}
	if d := s.TotalDetails.Breakdown.Discounts; len(d) != 1 || d[0].Amount != 500 || d[0].Discount.PromotionCode.ID != code.ID {
		t.Errorf("breakdown: %+v", d)
	}
	if it := s.LineItems.Data[0]; it.AmountDiscount != 500 || it.AmountTotal != 500 || it.Discounts[0].Amount != 500 {
		t.Errorf("item: %+v", it)
	}
	b.flush()
}

func TestSessionsTakeOneDiscount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	coupon, price := b.coupon(lasts("once", 0)), b.price("Basic", 1000, "")
	form := "mode=payment&success_url=http://x.test&line_items[0][quantity]=1&line_items[0][price]=" + price.ID
	for add, param := range map[string]string{
		"&discounts[0][coupon]=none":                                                      "discounts[0][coupon]",
		"&discounts[0][coupon]=" + coupon.ID + "&allow_promotion_codes=true":              "discounts",
		"&discounts[0][coupon]=" + coupon.ID + "&discounts[1][coupon]=" + coupon.ID:       "discounts",
		"&discounts[0][promotion_code]=promo_none":                                        "discounts[0][promotion_code]",
		"&discounts[0][coupon]=" + coupon.ID + "&discounts[0][promotion_code]=promo_none": "discounts[0]",
		"&discounts[0][coupon]=" + b.coupon(eur).ID:                                       "discounts[0][coupon]",
	} {
		if res, body := b.post("/v1/checkout/sessions", form+add); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"param": "`+param+`"`) {
			t.Errorf("%s: %d %s", add, res.StatusCode, body)
		}
	}
	s := b.session("payment", b.customer(), price, withDiscount(&stripe.CheckoutSessionDiscountParams{Coupon: &coupon.ID}))
	since := b.mark()
	b.pay(s, visa)
	b.wantEvents(since(), "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "coupon.updated", "checkout.session.completed")
	s = must(b.stripe.CheckoutSessions.Get(s.ID, &stripe.CheckoutSessionParams{Params: expand("payment_intent", "total_details.breakdown")}))
	if s.AmountTotal != 500 || s.PaymentIntent.Amount != 500 || s.TotalDetails.Breakdown.Discounts[0].Discount.CheckoutSession != s.ID {
		t.Errorf("session: %d, intent %d", s.AmountTotal, s.PaymentIntent.Amount)
	}
}

func eur(p *stripe.CouponParams) {
	p.PercentOff, p.AmountOff, p.Currency = nil, stripe.Int64(100), stripe.String("eur")
}

func TestTheSlowerOfTwoSessionsCannotUseTheLastRedemption(t *testing.T) {
	t.Parallel()
	b := setup(t)
	coupon := b.coupon(func(p *stripe.CouponParams) { p.MaxRedemptions = stripe.Int64(1) })
	price := b.price("Basic", 1000, "")
	d := withDiscount(&stripe.CheckoutSessionDiscountParams{Coupon: &coupon.ID})
	first, second := b.session("payment", b.customer(), price, d), b.session("payment", b.customer(), price, d)
	b.pay(first, visa)
	if status, out := b.control("/_sandbox/pay/"+second.ID, url.Values{"card": {visa}}); status != http.StatusBadRequest {
		t.Errorf("%d %v", status, out)
	}
}

func TestAFreePurchaseNeedsNoCard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := b.coupon(func(p *stripe.CouponParams) { p.PercentOff, p.Duration = stripe.Float64(100), stripe.String("forever") })
	free := withDiscount(&stripe.CheckoutSessionDiscountParams{Coupon: &all.ID})
	s := b.session("payment", b.customer(), b.price("Power", 5000, ""), free)
	_, page := b.visit(s.URL)
	if page.Find("#card").Length() != 0 || page.Find("#pay").Text() != "Complete order" || page.Find("#total").Text() != "$0.00" {
		t.Errorf("page: %q, %q", page.Find("#pay").Text(), page.Find("#total").Text())
	}
	since := b.mark()
	if status, _, to := b.submit(s.URL, url.Values{}); status != http.StatusSeeOther || !strings.HasPrefix(to, "http://app.test/success") {
		t.Errorf("%d to %s", status, to)
	}
	b.wantEvents(since(), "coupon.updated", "checkout.session.completed")
	if s = must(b.stripe.CheckoutSessions.Get(s.ID, nil)); s.PaymentStatus != "no_payment_required" || s.PaymentIntent != nil || s.Status != "complete" {
		t.Errorf("session: %s, %v", s.PaymentStatus, s.PaymentIntent)
	}
	basic := b.price("Basic", 500, "month")
	s = b.session("subscription", b.customer(), basic, free)
	if _, page = b.visit(s.URL); page.Find("#card").Length() != 1 {
		t.Error("a subscription collects its card always unless told otherwise")
	}
	c := b.customer()
	s = b.session("subscription", c, basic, free, func(p *stripe.CheckoutSessionParams) { p.PaymentMethodCollection = stripe.String("if_required") })
	if status, _, _ := b.submit(s.URL, url.Values{}); status != http.StatusSeeOther {
		t.Errorf("if_required: %d", status)
	}
	if sub := onlySubscription(b, c); sub.Status != "active" || sub.DefaultPaymentMethod != nil {
		t.Errorf("subscription: %s", sub.Status)
	}
}

func TestATrialTellsWhatComesAfterItsCoupon(t *testing.T) {
	t.Parallel()
	b := setup(t)
	coupon := b.coupon(lasts("repeating", 2))
	s := b.session("subscription", b.customer(), b.price("Basic", 1000, "month"), withDiscount(&stripe.CheckoutSessionDiscountParams{Coupon: &coupon.ID}),
		func(p *stripe.CheckoutSessionParams) {
			p.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{TrialPeriodDays: stripe.Int64(7)}
		})
	_, page := b.visit(s.URL)
	from := b.sb.Now().UTC().AddDate(0, 0, 7).AddDate(0, 2, 0).Format("2 January 2006")
	if side := page.Find(".side").Text(); page.Find("#total").Text() != "$0.00" || !strings.Contains(side, "then $5.00 per month, from "+from+" $10.00 per month") {
		t.Errorf("summary: %s", side)
	}
}

func TestThePageAsksForAddressAndPhone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	s := b.session("subscription", c, b.price("Basic", 500, "month"), func(p *stripe.CheckoutSessionParams) {
		p.BillingAddressCollection = stripe.String("required")
		p.PhoneNumberCollection = &stripe.CheckoutSessionPhoneNumberCollectionParams{Enabled: stripe.Bool(true)}
		p.CustomerUpdate = &stripe.CheckoutSessionCustomerUpdateParams{Address: stripe.String("auto")}
	})
	form := cardForm(visa)
	status, page, _ := b.submit(s.URL, form)
	if by, _ := page.Find("#phone").Attr("aria-describedby"); status != http.StatusUnprocessableEntity || by != "problem" {
		t.Errorf("without a phone number: %d, described by %q", status, by)
	}
	for name, value := range map[string]string{"phone": "+1 555 0100", "line1": "1 Main St", "city": "Springfield", "postal_code": "12345", "country": "us"} {
		form.Set(name, value)
	}
	if status, _, _ := b.submit(s.URL, form); status != http.StatusSeeOther {
		t.Fatalf("paid: %d", status)
	}
	s = must(b.stripe.CheckoutSessions.Get(s.ID, &stripe.CheckoutSessionParams{Params: expand("subscription.default_payment_method")}))
	if d := s.CustomerDetails; d.Phone != "+1 555 0100" || d.Address.Line1 != "1 Main St" || d.Address.Country != "US" {
		t.Errorf("session: %+v %+v", d, d.Address)
	}
	if pm := s.Subscription.DefaultPaymentMethod; pm.BillingDetails.Address.City != "Springfield" || pm.BillingDetails.Phone != "+1 555 0100" {
		t.Errorf("card: %+v", pm.BillingDetails)
	}
	if c = must(b.stripe.Customers.Get(c.ID, nil)); c.Address.PostalCode != "12345" || c.Phone != "+1 555 0100" {
		t.Errorf("customer: %+v %s", c.Address, c.Phone)
	}
}

func TestTheButtonSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	price := b.price("Power", 5000, "")
	for submit, want := range map[string]string{"auto": "Pay $50.00", "pay": "Pay $50.00", "book": "Book", "donate": "Donate $50.00"} {
		s := b.session("payment", b.customer(), price, func(p *stripe.CheckoutSessionParams) { p.SubmitType = &submit })
		if _, page := b.visit(s.URL); page.Find("#pay").Text() != want {
			t.Errorf("%s: %q", submit, page.Find("#pay").Text())
		}
	}
	for _, form := range []string{"tax_id_collection[enabled]=true", "customer_update[shipping]=auto", "consent_collection[promotions]=auto"} {
		if res, body := b.post("/v1/checkout/sessions", "mode=payment&"+form); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "parameter_unknown") {
			t.Errorf("%s: %d %s", form, res.StatusCode, body)
		}
	}
}

func TestTheBuyerChangesTheQuantity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.session("payment", b.customer(), b.price("Seat", 500, ""), func(p *stripe.CheckoutSessionParams) {
		p.LineItems[0].AdjustableQuantity = &stripe.CheckoutSessionLineItemAdjustableQuantityParams{Enabled: stripe.Bool(true), Maximum: stripe.Int64(5)}
	})
	_, page := b.visit(s.URL)
	item, _ := page.Find("input[name=item]").Attr("value")
	status, page, _ := b.submit(s.URL, url.Values{"item": {item}, "quantity": {"6"}})
	if by, _ := page.Find("input[name=quantity]").Attr("aria-describedby"); status != http.StatusBadRequest || page.Find("#"+by).Text() != "Enter a quantity between 1 and 5." {
		t.Errorf("too many: %d %q", status, page.Find("#"+by).Text())
	}
	if status, _, _ := b.submit(s.URL, url.Values{"item": {item}, "quantity": {"3"}}); status != http.StatusSeeOther {
		t.Errorf("three: %d", status)
	}
	b.pay(s, visa)
	s = must(b.stripe.CheckoutSessions.Get(s.ID, &stripe.CheckoutSessionParams{Params: expand("line_items", "payment_intent")}))
	if s.AmountTotal != 1500 || s.PaymentIntent.Amount != 1500 || s.LineItems.Data[0].Quantity != 3 {
		t.Errorf("session: %d, %d", s.AmountTotal, s.LineItems.Data[0].Quantity)
	}
	res, body := b.post("/v1/checkout/sessions", "mode=payment&success_url=http://x.test&line_items[0][quantity]=2&line_items[0][price]="+
		s.LineItems.Data[0].Price.ID+"&line_items[0][adjustable_quantity][enabled]=true&line_items[0][adjustable_quantity][minimum]=3")
	if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "line_items[0][adjustable_quantity]") {
		t.Errorf("a quantity out of bounds: %d %s", res.StatusCode, body)
	}
}
