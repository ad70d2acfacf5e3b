package version

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// endpoints are those that not every version has; the value says whether Basil does.
var endpoints = map[string]bool{
	"GET /v1/invoice_payments":        true,
	"GET /v1/invoice_payments/{id}":   true,
	"GET /v1/invoices/upcoming":       false,
	"GET /v1/invoices/upcoming/lines": false,
}

// Has reports whether the version has an endpoint, which is named by its method and pattern.
func (v Version) Has(endpoint string) bool {
	basil, differs := endpoints[endpoint]
	return !differs || basil == v.basil()
}

// Sends reports whether an account with this default version is told of a type of event.
func (v Version) Sends(event string) bool {
	return event != "invoice_payment.paid" || v.since("2025-05-28")
}

// Redeems reports whether the version lets a coupon be made and given: Basil takes off no amount for ever.
func (v Version) Redeems(amountOff bool, duration string) bool {
	return v.Same() || !amountOff || duration != "forever"
}

// removed are the parameters of an endpoint that Basil takes no more, indices left out.
var removed = map[string][]string{
	"POST /v1/customers":                   {"coupon", "promotion_code"},
	"POST /v1/customers/{id}":              {"coupon", "promotion_code"},
	"POST /v1/invoiceitems":                {"price", "unit_amount"},
	"POST /v1/invoiceitems/{id}":           {"price", "unit_amount"},
	"POST /v1/invoices/create_preview":     {"coupon", "schedule_details[phases][][coupon]"},
	"POST /v1/invoices/{id}/add_lines":     {"lines[][price]"},
	"POST /v1/invoices/{id}/update_lines":  {"lines[][price]"},
	"POST /v1/invoices/{id}/lines/{line}":  {"price"},
	"POST /v1/prices":                      {"recurring[aggregate_usage]"},
	"POST /v1/subscription_schedules":      {"phases[][coupon]"},
	"POST /v1/subscription_schedules/{id}": {"phases[][coupon]"},
	"POST /v1/subscriptions":               {"coupon", "promotion_code"},
	"POST /v1/subscriptions/{id}":          {"coupon", "promotion_code"},
}

// priced are the endpoints whose price Basil takes inside pricing.
var priced = map[string]string{
	"POST /v1/invoiceitems":               "pricing[price]",
	"POST /v1/invoiceitems/{id}":          "pricing[price]",
	"POST /v1/invoices/{id}/add_lines":    "lines[][pricing][price]",
	"POST /v1/invoices/{id}/update_lines": "lines[][pricing][price]",
	"POST /v1/invoices/{id}/lines/{line}": "pricing[price]",
}

// Params turns the parameters of a request into the canonical ones, in place. Those that the version has no more are
// refused like any that Stripe does not know.
func (v Version) Params(endpoint string, values url.Values) error {
	if v.Same() {
		return nil
	}
	if endpoint == "POST /v1/coupons" && !v.Redeems(values.Get("amount_off") != "", values.Get("duration")) {
		return shape.Invalid("duration", "", "A coupon with amount_off cannot have the duration forever since API version 2025-03-31.basil: "+
			"use once or repeating, or percent_off.")
	}
	var unknown []string
	for name := range values {
		if slices.Contains(removed[endpoint], plain(name)) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return form.Unknown(unknown)
	}
	place, ok := priced[endpoint]
	if !ok {
		return nil
	}
	for _, name := range slices.Collect(maps.Keys(values)) {
		if plain(name) == place {
			values[unpriced(name)] = values[name]
			delete(values, name)
		}
	}
	return nil
}

// Param is the name that the version has for a parameter of an endpoint, given the canonical one.
func (v Version) Param(endpoint, canonical string) string {
	place, ok := priced[endpoint]
	if v.Same() || !ok || plain(canonical) != unpriced(place) {
		return canonical
	}
	if canonical == "price" {
		return "pricing[price]"
	}
	return strings.TrimSuffix(canonical, "[price]") + "[pricing][price]"
}

// unpriced is a parameter's name without the level that Basil put around a price.
func unpriced(name string) string {
	if name == "pricing[price]" {
		return "price"
	}
	return strings.Replace(name, "[pricing]", "", 1)
}

// index is a position in a list, as a parameter's name has it.
var index = regexp.MustCompile(`\[\d+\]`)

// plain is a parameter's name without positions: lines[0][price] is lines[][price].
func plain(name string) string { return index.ReplaceAllString(name, "[]") }
