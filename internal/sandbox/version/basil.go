package version

import "fmt"

// reintroduced is when Basil sent billing_thresholds again, which its first version had dropped.
const reintroduced = "2025-05-28"

// basil are Basil's changes to an object, by its kind. Each gets a canonical object and its children unchanged.
// They follow https://docs.stripe.com/changelog/basil; fields that came in between, with Acacia, come along.
var basil = map[string]func(Version, map[string]any){
	"billing_portal.configuration": basilPortal,
	"charge":                       basilCharge,
	"checkout.session":             basilSession,
	"dispute":                      basilDispute,
	"invoice":                      basilInvoice,
	"invoiceitem":                  basilInvoiceItem,
	"line_item":                    basilLine,
	"payment_intent":               basilIntent,
	"payment_method":               basilMethod,
	"plan":                         basilPlan,
	"price":                        basilPrice,
	"subscription":                 basilSubscription,
	"subscription_item":            basilThresholds,
	"subscription_schedule":        basilSchedule,
}

// basilSubscription moves the period to the items.
func basilSubscription(v Version, s map[string]any) {
	start, end := take(s, "current_period_start"), take(s, "current_period_end")
	period := func(items any) {
		list, _ := items.([]any)
		for _, e := range list {
			if item, ok := e.(map[string]any); ok {
				item["current_period_start"], item["current_period_end"] = start, end
			}
		}
	}
	period(within(s, "items")["data"])
	period(within(s, "pending_update")["subscription_items"])
	drop(s, "discount")
	basilThresholds(v, s)
	null(within(s, "automatic_tax"), "disabled_reason")
	basilMode(v, s)
}

// basilMode says how a subscription or a schedule bills; the sandbox has but the one way there was before.
func basilMode(v Version, s map[string]any) {
	if !v.since("2025-06-30") {
		return
	}
	mode := map[string]any{"type": "classic"}
	if v.since("2025-08-27") {
		mode["flexible"] = nil
	}
	add(s, "billing_mode", mode)
}

// basilThresholds drops the thresholds where the version has none.
func basilThresholds(v Version, m map[string]any) {
	if !v.since(reintroduced) {
		drop(m, "billing_thresholds")
	}
}

func basilSchedule(v Version, s map[string]any) {
	basilThresholds(v, within(s, "default_settings"))
	phases, _ := s["phases"].([]any)
	for _, e := range phases {
		phase, _ := e.(map[string]any)
		drop(phase, "coupon")
		basilThresholds(v, phase)
		items, _ := phase["items"].([]any)
		for _, it := range items {
			item, _ := it.(map[string]any)
			basilThresholds(v, item)
		}
	}
	basilMode(v, s)
}

func basilPrice(_ Version, p map[string]any) { drop(within(p, "recurring"), "aggregate_usage") }

func basilPlan(_ Version, p map[string]any) { drop(p, "aggregate_usage") }

func basilIntent(_ Version, pi map[string]any) { drop(pi, "invoice") }

func basilCharge(_ Version, ch map[string]any) {
	drop(ch, "invoice")
	null(within(ch, "outcome"), "advice_code", "network_advice_code", "network_decline_code")
	null(within(ch, "billing_details"), "tax_id")
}

func basilMethod(_ Version, pm map[string]any) { null(within(pm, "billing_details"), "tax_id") }

// basilSession moves the address for shipping among what the page collected.
func basilSession(v Version, s map[string]any) {
	shipping := take(s, "shipping_details")
	null(s, "adaptive_pricing", "collected_information", "permissions", "wallet_options")
	if v.since("2025-07-30") {
		null(s, "origin_context")
	}
	if s["status"] == "complete" {
		s["collected_information"] = map[string]any{"shipping_details": shipping}
	}
	basilTaxProvider(within(s, "automatic_tax"))
	switch off := within(s, "total_details")["amount_discount"]; {
	case s["mode"] == "setup":
		null(s, "discounts")
	case off == nil || fmt.Sprint(off) == "0": // which discounts there are the canonical shape does not tell
		add(s, "discounts", []any{})
	}
}

// basilTaxProvider says who computes the tax: Stripe, where it is computed.
func basilTaxProvider(automatic map[string]any) {
	if automatic["enabled"] == true {
		add(automatic, "provider", "stripe")
	}
	null(automatic, "provider")
}

func basilPortal(_ Version, cfg map[string]any) {
	update := within(within(cfg, "features"), "subscription_update")
	add(update, "schedule_at_period_end", map[string]any{"conditions": []any{}})
}

func basilDispute(_ Version, d map[string]any) {
	add(d, "enhanced_eligibility_types", []any{})
	add(within(d, "evidence"), "enhanced_evidence", map[string]any{})
	add(within(d, "evidence_details"), "enhanced_eligibility", map[string]any{})
}

// within is an object inside an object; nil, which takes no fields, when there is none.
func within(m map[string]any, name string) map[string]any {
	inner, _ := m[name].(map[string]any)
	return inner
}

// add sets a field that an older version does not send, unless it is there already.
func add(m map[string]any, name string, value any) {
	if _, there := m[name]; m != nil && !there {
		m[name] = value
	}
}

// null adds fields of newer versions that the sandbox does not fill.
func null(m map[string]any, names ...string) {
	for _, name := range names {
		add(m, name, nil)
	}
}

func drop(m map[string]any, names ...string) {
	for _, name := range names {
		delete(m, name)
	}
}

// take removes a field and answers what it held.
func take(m map[string]any, name string) any {
	value := m[name]
	delete(m, name)
	return value
}
