package version_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

const (
	first  version.Version = "2025-03-31.basil"
	latest version.Version = "2025-08-27.basil"
)

func tree(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// What the sandbox's own objects seldom or never have is rendered, too.
func TestRender(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		version   version.Version
		old, want string
	}{
		"taxes of an invoice": {
			latest,
			`{"object":"invoice","automatic_tax":{},"total_tax_amounts":[{"amount":19,"inclusive":true,"tax_rate":"txr_1","taxability_reason":null,"taxable_amount":100}]}`,
			`{"object":"invoice","automatic_tax":{"disabled_reason":null,"provider":null},"amount_overpaid":0,"parent":null,"total_pretax_credit_amounts":[],
				"total_taxes":[{"amount":19,"tax_behavior":"inclusive","tax_rate_details":{"tax_rate":"txr_1"},"taxability_reason":"not_available",
				"taxable_amount":100,"type":"tax_rate_details"}]}`,
		},
		"an invoice paid elsewhere": {
			latest,
			`{"object":"invoice","amount_due":500,"amount_paid":0,"amount_remaining":500,"paid":true,"paid_out_of_band":true}`,
			`{"object":"invoice","amount_due":500,"amount_paid":500,"amount_remaining":0,"amount_overpaid":0,"parent":null,"total_pretax_credit_amounts":[],"total_taxes":[]}`,
		},
		"an expanded subscription of an invoice": {
			first,
			`{"object":"invoice","subscription":{"object":"subscription","id":"sub_1","current_period_start":1,"current_period_end":2,"items":{"data":[{"id":"si_1"}]}}}`,
			`{"object":"invoice","amount_overpaid":0,"total_pretax_credit_amounts":[],"total_taxes":[],"parent":{"quote_details":null,"type":"subscription_details",
				"subscription_details":{"metadata":{},"subscription":{"object":"subscription","id":"sub_1",
				"items":{"data":[{"id":"si_1","current_period_start":1,"current_period_end":2}]}}}}}`,
		},
		"an invoice item of a subscription": {
			latest,
			`{"object":"invoiceitem","price":{"object":"price","id":"price_1","product":"prod_1"},"plan":null,"subscription":"sub_1","subscription_item":"si_1",
				"unit_amount":-5,"unit_amount_decimal":"-5","proration":true}`,
			`{"object":"invoiceitem","proration":true,"parent":{"type":"subscription_details","subscription_details":{"subscription":"sub_1","subscription_item":"si_1"}},
				"pricing":{"type":"price_details","unit_amount_decimal":"-5","price_details":{"price":"price_1","product":"prod_1"}}}`,
		},
		"an invoice item by itself": {
			latest,
			`{"object":"invoiceitem","price":null,"plan":null,"subscription":null,"unit_amount":5,"unit_amount_decimal":"5"}`,
			`{"object":"invoiceitem","parent":null,"pricing":null}`,
		},
		"a schedule": {
			first,
			`{"object":"subscription_schedule","default_settings":{"billing_thresholds":null},"phases":[{"billing_thresholds":null,"coupon":null,"items":[{"billing_thresholds":null,"price":"price_1"}]}]}`,
			`{"object":"subscription_schedule","default_settings":{},"phases":[{"items":[{"price":"price_1"}]}]}`,
		},
		"an address that Checkout collected": {
			first,
			`{"object":"checkout.session","status":"complete","shipping_details":{"name":"Ada"}}`,
			`{"object":"checkout.session","status":"complete","collected_information":{"shipping_details":{"name":"Ada"}},"adaptive_pricing":null,"discounts":[],"permissions":null,"wallet_options":null}`,
		},
		"a change that waits": {
			latest,
			`{"object":"subscription","current_period_start":1,"current_period_end":2,"pending_update":{"subscription_items":[{"object":"subscription_item"}]}}`,
			`{"object":"subscription","billing_mode":{"type":"classic","flexible":null},"pending_update":{"subscription_items":[
				{"object":"subscription_item","current_period_start":1,"current_period_end":2}]}}`,
		},
		"a dispute": {
			latest,
			`{"object":"dispute","evidence":{},"evidence_details":{}}`,
			`{"object":"dispute","enhanced_eligibility_types":[],"evidence":{"enhanced_evidence":{}},"evidence_details":{"enhanced_eligibility":{}}}`,
		},
		"metadata that looks like an object": {
			latest,
			`{"object":"charge","invoice":null,"metadata":{"object":"charge","invoice":"mine"}}`,
			`{"object":"charge","metadata":{"object":"charge","invoice":"mine"}}`,
		},
		"an event":             {latest, `{"object":"event","data":{"object":{"object":"charge","invoice":null}}}`, `{"object":"event","data":{"object":{"object":"charge","invoice":null}}}`},
		"a charge, canonical":  {version.Canonical, `{"object":"charge","invoice":null}`, `{"object":"charge","invoice":null}`},
		"a charge, in Acacia":  {"2025-02-24.acacia", `{"object":"charge","invoice":null}`, `{"object":"charge","invoice":null}`},
		"a price in a list":    {latest, `{"object":"list","data":[{"object":"price","recurring":{"aggregate_usage":null,"interval":"month"}}]}`, `{"object":"list","data":[{"object":"price","recurring":{"interval":"month"}}]}`},
		"a one-time price":     {latest, `{"object":"price","recurring":null}`, `{"object":"price","recurring":null}`},
		"a deleted customer":   {latest, `{"object":"customer","id":"cus_1","deleted":true}`, `{"object":"customer","id":"cus_1","deleted":true}`},
		"an error of a charge": {latest, `{"error":{"payment_intent":{"object":"payment_intent","invoice":"in_1"}}}`, `{"error":{"payment_intent":{"object":"payment_intent"}}}`},
	} {
		got := tree(t, tt.old)
		tt.version.Render(got)
		if diff := cmp.Diff(tree(t, tt.want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Previous attributes are what differs between the object as it was and as it is, both in the version.
func TestPreviousAttributes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ object, previous, want string }{
		"a renewal": {
			`{"object":"subscription","status":"active","current_period_start":10,"current_period_end":20,"latest_invoice":"in_2","items":{"object":"list","data":[{"id":"si_1"}]}}`,
			`{"current_period_start":1,"current_period_end":10,"latest_invoice":"in_1"}`,
			`{"latest_invoice":"in_1","items":{"data":[{"id":"si_1","current_period_start":1,"current_period_end":10}]}}`,
		},
		"a change of items in the same period": {
			`{"object":"subscription","current_period_start":1,"current_period_end":10,"items":{"object":"list","data":[{"id":"si_1","quantity":2}]}}`,
			`{"items":{"data":[{"id":"si_1","quantity":1}]}}`,
			`{"items":{"data":[{"id":"si_1","quantity":1,"current_period_start":1,"current_period_end":10}]}}`,
		},
		"metadata that came": {
			`{"object":"subscription","metadata":{"a":"1","b":"2"}}`, `{"metadata":{"b":null}}`, `{"metadata":{"b":null}}`,
		},
		"an invoice that was not for a subscription": {
			`{"object":"invoice","subscription":"sub_1","subscription_details":{"metadata":{}}}`, `{"subscription":null,"subscription_details":null}`, `{"parent":null}`,
		},
		"what the version does not have": {
			`{"object":"invoice","charge":"ch_1","paid":true,"status":"paid"}`, `{"charge":null,"paid":false}`, `{}`,
		},
		"a pause that ended": {
			`{"object":"subscription","pause_collection":null}`, `{"pause_collection":{"behavior":"void"}}`, `{"pause_collection":{"behavior":"void"}}`,
		},
	} {
		ev := latest.Event(shape.Event{APIVersion: "2024-06-20", Data: shape.EventData{
			Object: json.RawMessage(tt.object), PreviousAttributes: json.RawMessage(tt.previous),
		}})
		if diff := cmp.Diff(tree(t, tt.want), tree(t, string(ev.Data.PreviousAttributes))); diff != "" || ev.APIVersion != string(latest) {
			t.Errorf("%s at %s (-want +got):\n%s", name, ev.APIVersion, diff)
		}
	}
	created := latest.Event(shape.Event{Data: shape.EventData{Object: json.RawMessage(`{"object":"charge","invoice":null}`)}})
	if created.Data.PreviousAttributes != nil || string(created.Data.Object) != `{"object":"charge"}` {
		t.Errorf("an event without previous attributes: %s %s", created.Data.Object, created.Data.PreviousAttributes)
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version                version.Version
		endpoint, given, taken string // taken is empty when they are refused
	}{
		{latest, "POST /v1/invoiceitems", "pricing[price]=price_1&quantity=2", "price=price_1&quantity=2"},
		{latest, "POST /v1/invoiceitems", "price=price_1", ""},
		{latest, "POST /v1/invoices/{id}/add_lines", "lines[1][pricing][price]=price_1", "lines[1][price]=price_1"},
		{latest, "POST /v1/invoices/{id}/add_lines", "lines[0][price]=price_1", ""},
		{latest, "POST /v1/subscription_schedules", "phases[0][coupon]=c", ""},
		{latest, "POST /v1/subscriptions", "items[0][price]=price_1", "items[0][price]=price_1"},
		{latest, "POST /v1/subscriptions", "promotion_code=promo_1", ""},
		{latest, "POST /v1/coupons", "amount_off=100&duration=forever", ""},
		{latest, "POST /v1/coupons", "percent_off=10&duration=forever", "percent_off=10&duration=forever"},
		{version.Canonical, "POST /v1/coupons", "amount_off=100&duration=forever", "amount_off=100&duration=forever"},
		{version.Canonical, "POST /v1/subscriptions", "coupon=c", "coupon=c"},
		{version.Canonical, "POST /v1/invoiceitems", "pricing[price]=price_1", "pricing[price]=price_1"},
	} {
		values, want := must(url.ParseQuery(tt.given)), must(url.ParseQuery(tt.taken))
		err := tt.version.Params(tt.endpoint, values)
		if (err != nil) != (tt.taken == "") {
			t.Errorf("%s %s at %s: %v", tt.endpoint, tt.given, tt.version, err)
		}
		if err == nil && values.Encode() != want.Encode() {
			t.Errorf("%s %s at %s: %s", tt.endpoint, tt.given, tt.version, values.Encode())
		}
	}
}

func TestParamNamesInErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version                   version.Version
		endpoint, canonical, want string
	}{
		{latest, "POST /v1/invoiceitems", "price", "pricing[price]"},
		{latest, "POST /v1/invoices/{id}/add_lines", "lines[2][price]", "lines[2][pricing][price]"},
		{latest, "POST /v1/invoiceitems", "customer", "customer"},
		{latest, "POST /v1/subscriptions", "items[0][price]", "items[0][price]"},
		{version.Canonical, "POST /v1/invoiceitems", "price", "price"},
	} {
		if got := tt.version.Param(tt.endpoint, tt.canonical); got != tt.want {
			t.Errorf("%s %s at %s: %s, want %s", tt.endpoint, tt.canonical, tt.version, got, tt.want)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
