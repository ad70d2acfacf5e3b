package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// post sends a form as it stands, for what Stripe's client would not let through.
func (b *bundle) post(path, form string, header ...string) (*http.Response, string) {
	b.Helper()
	req := must(http.NewRequest(http.MethodPost, b.srv.URL+path, strings.NewReader(form)))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer sk_test_123")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res := must(http.DefaultClient.Do(req))
	defer res.Body.Close()
	return res, string(must(io.ReadAll(res.Body)))
}

func TestACustomerWhoseCardIsRefusedIsNotMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	since := b.mark()
	_, err := b.stripe.Customers.New(&stripe.CustomerParams{PaymentMethod: stripe.String("pm_card_chargeDeclined")})
	if e, _ := err.(*stripe.Error); e == nil || e.HTTPStatusCode != http.StatusPaymentRequired || e.Code != "card_declined" {
		t.Errorf("got %v", err)
	}
	b.wantEvents(since())
	if b.stripe.Customers.List(nil).Next() {
		t.Error("there is a customer")
	}
}

func TestATestCardIsMadeTheDefaultOfACustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	card := func(token string) *stripe.CustomerParams {
		return &stripe.CustomerParams{PaymentMethod: &token, InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &token}}
	}
	c := must(b.stripe.Customers.New(card("pm_card_visa")))
	first := must(b.stripe.PaymentMethods.Get(c.InvoiceSettings.DefaultPaymentMethod.ID, nil))
	if _, err := b.stripe.Customers.Update(c.ID, card("pm_card_mastercard")); err == nil {
		t.Error("a card was attached by an update of its customer: Stripe has a call of its own for that")
	}
	attached := must(b.stripe.PaymentMethods.Attach("pm_card_mastercard", &stripe.PaymentMethodAttachParams{Customer: &c.ID}))
	c = must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &attached.ID}}))
	second := must(b.stripe.PaymentMethods.Get(c.InvoiceSettings.DefaultPaymentMethod.ID, nil))
	if first.Card.Brand != "visa" || second.Card.Brand != "mastercard" || second.Customer.ID != c.ID {
		t.Errorf("first %s, then %s of %v", first.Card.Brand, second.Card.Brand, second.Customer)
	}
}

func TestWrongParametersAreRefusedInStripesWords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	price := b.price("Basic", 500, "month")
	for _, tt := range []struct{ path, form, code, param string }{
		{"/v1/customers", "foo=1", "parameter_unknown", "foo"},
		{"/v1/customers", "address[planet]=earth", "parameter_unknown", "address[planet]"},
		{"/v1/products", "description=x", "parameter_missing", "name"},
		{"/v1/products", "name=", "parameter_invalid_empty", "name"},
		{"/v1/prices", "currency=usd&product_data[name]=x&unit_amount=five", "parameter_invalid_integer", "unit_amount"},
		{"/v1/prices", "currency=usd&product=prod_none&unit_amount=5", "resource_missing", "product"},
		{"/v1/prices", "currency=usd&product_data[name]=x&unit_amount=5&recurring[interval]=blue", "", "recurring[interval]"},
		{"/v1/checkout/sessions", "mode=payment&success_url=http://x.test&line_items[0][price]=" + price.ID + "&line_items[0][quantity]=1", "", "line_items[0][price]"},
		{"/v1/checkout/sessions", "mode=subscription&success_url=http://x.test&line_items[0][colour]=red", "parameter_unknown", "line_items[0][colour]"},
		{"/v1/billing_portal/sessions", "customer=cus_none", "resource_missing", "customer"},
		{"/v1/webhook_endpoints", "url=http://x.test", "parameter_missing", "enabled_events"},
	} {
		res, body := b.post(tt.path, tt.form)
		if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"param": "`+tt.param+`"`) || !strings.Contains(body, tt.code) {
			t.Errorf("%s %s: %d %s", tt.path, tt.form, res.StatusCode, body)
		}
	}
}

func TestWhatDoesNotExistIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.stripe.Customers.Get("cus_none", nil)
	if e := err.(*stripe.Error); e.HTTPStatusCode != http.StatusNotFound || e.Code != "resource_missing" || e.RequestID == "" {
		t.Errorf("got %+v", e)
	}
	if res, _ := b.post("/v1/no_such_thing", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("unknown URL: %d", res.StatusCode)
	}
}

func TestKeysAreAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, header := range []string{"", "Bearer sk_live_1", "Bearer nonsense"} {
		if res, _ := b.post("/v1/customers", "", "Authorization", header); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%q: %d", header, res.StatusCode)
		}
	}
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, first := b.post("/v1/customers", "email=a@b.c", "Idempotency-Key", "k1")
	again, second := b.post("/v1/customers", "email=a@b.c", "Idempotency-Key", "k1")
	if first != second || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the second answer differs: %s", second)
	}
	if res, body := b.post("/v1/customers", "email=other@b.c", "Idempotency-Key", "k1"); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "idempotency_error") {
		t.Errorf("other parameters: %d %s", res.StatusCode, body)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { b.post("/v1/customers", "email=race@b.c", "Idempotency-Key", "k2") })
	}
	wg.Wait()
	made := 0
	for it := b.stripe.Customers.List(&stripe.CustomerListParams{Email: stripe.String("race@b.c")}); it.Next(); {
		made++
	}
	if made != 1 {
		t.Errorf("twenty equal requests at once made %d customers", made)
	}
}

func TestListsArePaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []string
	for i := range 7 {
		ids = append(ids, must(b.stripe.Customers.New(&stripe.CustomerParams{Email: stripe.String(fmt.Sprintf("c%d@b.c", i))})).ID)
	}
	page := func(p stripe.ListParams) ([]string, bool) {
		p.Single = true
		it := b.stripe.Customers.List(&stripe.CustomerListParams{ListParams: p})
		var got []string
		for it.Next() {
			got = append(got, it.Customer().ID)
		}
		return got, it.Meta().HasMore
	}
	got, more := page(stripe.ListParams{Limit: stripe.Int64(3)})
	if fmt.Sprint(got) != fmt.Sprint([]string{ids[6], ids[5], ids[4]}) || !more {
		t.Errorf("first page: %v %v", got, more)
	}
	got, more = page(stripe.ListParams{Limit: stripe.Int64(5), StartingAfter: &ids[4]})
	if len(got) != 4 || got[0] != ids[3] || more {
		t.Errorf("after: %v %v", got, more)
	}
	if _, err := b.stripe.Customers.New(&stripe.CustomerParams{Email: stripe.String("nobody")}); err == nil {
		t.Error("an address without @ went through")
	}
	if res, _ := b.post("/v1/customers", "limit=1000"); res.StatusCode != http.StatusBadRequest {
		t.Errorf("limit=1000: %d", res.StatusCode)
	}
}

func TestLookupKeysMoveOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	product := must(b.stripe.Products.New(&stripe.ProductParams{ID: stripe.String("basic"), Name: stripe.String("Basic")}))
	params := func(transfer bool) *stripe.PriceParams {
		return &stripe.PriceParams{Currency: stripe.String("usd"), UnitAmount: stripe.Int64(500), Product: &product.ID,
			LookupKey: stripe.String("Basic_monthly_price"), TransferLookupKey: stripe.Bool(transfer)}
	}
	old := must(b.stripe.Prices.New(params(false)))
	if _, err := b.stripe.Prices.New(params(false)); err == nil {
		t.Error("a lookup key was used twice")
	}
	fresh := must(b.stripe.Prices.New(params(true)))
	it := b.stripe.Prices.List(&stripe.PriceListParams{LookupKeys: []*string{stripe.String("Basic_monthly_price")}, ListParams: stripe.ListParams{Expand: []*string{stripe.String("data.product")}}})
	if !it.Next() || it.Price().ID != fresh.ID || it.Price().Product.Name != "Basic" || it.Next() {
		t.Error("the lookup key does not lead to the new price alone")
	}
	if old = must(b.stripe.Prices.Update(old.ID, &stripe.PriceParams{Active: stripe.Bool(false)})); old.LookupKey != "" || old.Active {
		t.Errorf("old price: %+v", old)
	}
}

func TestMetadataMerges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := must(b.stripe.Customers.New(&stripe.CustomerParams{Metadata: map[string]string{"a": "1", "b": "2"}}))
	c = must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{Metadata: map[string]string{"a": "", "c": "3"}}))
	if fmt.Sprint(c.Metadata) != "map[b:2 c:3]" {
		t.Errorf("metadata: %v", c.Metadata)
	}
	if prev := fmt.Sprint(b.last("customer.updated").Data.PreviousAttributes); prev != "map[metadata:map[a:1 c:<nil>]]" {
		t.Errorf("previous attributes: %v", prev)
	}
}

func TestDeletedCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	since := b.mark()
	if gone := must(b.stripe.Customers.Del(c.ID, nil)); !gone.Deleted {
		t.Error("not deleted")
	}
	b.wantEvents(since(), "customer.subscription.deleted", "customer.deleted")
	if again := must(b.stripe.Customers.Get(c.ID, nil)); !again.Deleted {
		t.Error("a deleted customer is not answered as deleted")
	}
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, &stripe.SubscriptionParams{Params: expand("customer")})); !sub.Customer.Deleted {
		t.Error("a deleted customer is not expanded as deleted")
	}
}

func TestAnswersCarrySandboxTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.advance(40 * 24 * time.Hour)
	res, _ := b.post("/v1/customers", "")
	at := must(http.ParseTime(res.Header.Get("Date")))
	if time.Until(at) < 39*24*time.Hour || res.Header.Get("Request-Id") == "" || res.Header.Get("Stripe-Version") != "2024-06-20" {
		t.Errorf("headers: %v", res.Header)
	}
	if acct := must(b.stripe.Accounts.Get()); acct.ID == "" {
		t.Error("no account")
	}
}

func TestAProductKeepsItsType(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, typ := range []stripe.ProductType{stripe.ProductTypeService, stripe.ProductTypeGood} {
		if p := must(b.stripe.Products.New(&stripe.ProductParams{Name: stripe.String("Mug"), Type: stripe.String(string(typ))})); p.Type != typ {
			t.Errorf("got %s, want %s", p.Type, typ)
		}
	}
}

func TestTheFirstPathThatCannotBeExpandedIsBlamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 20 { // a random order would show
		if _, body := b.post("/v1/customers", "expand[0]=first&expand[1]=second&expand[2]=third"); !strings.Contains(body, "(first)") {
			t.Fatal(body)
		}
	}
}
