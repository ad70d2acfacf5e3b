package api

import (
	"net/http"
	"net/url"
	"strings"
)

// naming are the parameters that name what a request is about, where the URL does not.
var naming = []string{
	"customer", "subscription", "from_subscription", "invoice", "from_invoice[invoice]", "charge", "payment_intent",
	"test_clock", "payment_method",
}

// about are the ids that a request names. The engine enters the test clock that they live by, if any.
func about(r *http.Request, values url.Values) []string {
	ids := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	for _, name := range naming {
		ids = append(ids, values[name]...)
	}
	return ids
}
