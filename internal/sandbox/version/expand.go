package version

import "slices"

// gone are the fields of an object that Basil has no more, as far as one could expand them.
var gone = map[string][]string{
	"charge":         {"invoice"},
	"invoice":        {"charge", "discount", "payment_intent", "quote", "subscription", "total_tax_amounts"},
	"invoiceitem":    {"plan", "price", "subscription"},
	"line_item":      {"plan", "price", "subscription", "tax_amounts", "tax_rates"},
	"payment_intent": {"invoice"},
	"subscription":   {"discount"},
}

// fresh are the fields that only Basil has.
var fresh = map[string][]string{"invoice": {"confirmation_secret", "payments"}}

// Path turns a path of expand[], from an object of this kind on, into the canonical one. It is false when the version
// has no such field. The rest of the path is left alone: it belongs to another object.
func (v Version) Path(kind string, parts []string) ([]string, bool) {
	if len(parts) == 0 {
		return parts, true
	}
	if v.Same() {
		return parts, !slices.Contains(fresh[kind], parts[0])
	}
	parent := []string{"parent", "subscription_details", "subscription"}
	if kind == "invoice" && len(parts) >= len(parent) && slices.Equal(parts[:len(parent)], parent) {
		return parts[len(parent)-1:], true
	}
	return parts, !slices.Contains(gone[kind], parts[0])
}
