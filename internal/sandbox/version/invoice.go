package version

import "strings"

// basilInvoice says under parent what an invoice is for, and no longer which payment it has: that is told by
// payments, which is sent only when expand[] asks for it.
func basilInvoice(_ Version, inv map[string]any) {
	if id, _ := inv["subscription"].(string); inv["id"] == nil && inv["billing_reason"] == "upcoming" { // an announced invoice has an id only since Basil
		_, tail, _ := strings.Cut(id, "_")
		inv["id"] = "upcoming_in_" + tail
	}
	inv["parent"] = invoiceParent(inv)
	if inv["paid_out_of_band"] == true {
		inv["amount_paid"], inv["amount_remaining"] = inv["amount_due"], float64(0)
	}
	inv["total_taxes"] = taxes(take(inv, "total_tax_amounts"))
	drop(inv, "application_fee_amount", "charge", "discount", "paid", "paid_out_of_band", "payment_intent", "quote",
		"subscription", "subscription_details", "subscription_proration_date", "tax", "transfer_data")
	add(inv, "amount_overpaid", float64(0))
	add(inv, "total_pretax_credit_amounts", []any{})
	null(within(inv, "automatic_tax"), "disabled_reason")
	basilTaxProvider(within(inv, "automatic_tax"))
}

func invoiceParent(inv map[string]any) any {
	if inv["subscription"] == nil {
		return nil
	}
	details := map[string]any{"metadata": map[string]any{}, "subscription": inv["subscription"]}
	if known := within(inv, "subscription_details"); known != nil {
		details["metadata"] = known["metadata"]
	}
	if at, ok := inv["subscription_proration_date"]; ok {
		details["subscription_proration_date"] = at
	}
	return map[string]any{"quote_details": nil, "subscription_details": details, "type": "subscription_details"}
}

// basilLine says under parent what a line comes from, and under pricing what it costs.
func basilLine(_ Version, l map[string]any) {
	l["parent"] = lineParent(l)
	l["pricing"] = pricing(l["price"], within(l, "price")["unit_amount_decimal"])
	l["taxes"] = taxes(take(l, "tax_amounts"))
	drop(l, "amount_excluding_tax", "invoice_item", "plan", "price", "proration", "proration_details", "subscription",
		"subscription_item", "tax_rates", "type", "unit_amount_excluding_tax")
	add(l, "pretax_credit_amounts", []any{})
}

func lineParent(l map[string]any) any {
	details := map[string]any{
		"invoice_item": l["invoice_item"], "proration": l["proration"], "proration_details": l["proration_details"],
		"subscription": idOf(l["subscription"]),
	}
	if l["type"] == "subscription" {
		details["subscription_item"] = l["subscription_item"]
		return map[string]any{"invoice_item_details": nil, "subscription_item_details": details, "type": "subscription_item_details"}
	}
	return map[string]any{"invoice_item_details": details, "subscription_item_details": nil, "type": "invoice_item_details"}
}

func basilInvoiceItem(_ Version, ii map[string]any) {
	ii["pricing"] = pricing(ii["price"], ii["unit_amount_decimal"])
	ii["parent"] = nil
	if ii["subscription"] != nil {
		details := map[string]any{"subscription": idOf(ii["subscription"])}
		if item, ok := ii["subscription_item"]; ok {
			add(details, "subscription_item", item)
		}
		ii["parent"] = map[string]any{"subscription_details": details, "type": "subscription_details"}
	}
	drop(ii, "plan", "price", "subscription", "subscription_item", "unit_amount", "unit_amount_decimal")
}

// pricing names a price and its product; an amount without a price has none.
func pricing(price, unitAmountDecimal any) any {
	p, ok := price.(map[string]any)
	if !ok {
		return nil
	}
	return map[string]any{
		"price_details": map[string]any{"price": p["id"], "product": idOf(p["product"])},
		"type":          "price_details", "unit_amount_decimal": unitAmountDecimal,
	}
}

// taxes are the older tax amounts in the newer form.
func taxes(amounts any) []any {
	list, _ := amounts.([]any)
	out := make([]any, 0, len(list))
	for _, e := range list {
		a, _ := e.(map[string]any)
		behavior, reason := "exclusive", a["taxability_reason"]
		if a["inclusive"] == true {
			behavior = "inclusive"
		}
		if reason == nil {
			reason = "not_available"
		}
		out = append(out, map[string]any{
			"amount": a["amount"], "tax_behavior": behavior, "tax_rate_details": map[string]any{"tax_rate": idOf(a["tax_rate"])},
			"taxability_reason": reason, "taxable_amount": a["taxable_amount"], "type": "tax_rate_details",
		})
	}
	return out
}

// idOf is a reference's id, also where it was expanded.
func idOf(ref any) any {
	if obj, ok := ref.(map[string]any); ok {
		return obj["id"]
	}
	return ref
}
