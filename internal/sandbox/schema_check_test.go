package sandbox_test

import "testing"

// The check itself must be able to fail.
func TestTheSchemaCheckNotices(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`{"id":"cus_1","object":"customer","deleted":true}`:                            0,
		`{"id":"cus_1","object":"customer","created":1,"livemode":false}`:              0,
		`{"id":"cus_1","object":"customer","created":1,"livemode":"no"}`:               1, // wrong type
		`{"id":"cus_1","object":"customer","created":null,"livemode":false}`:           1, // not nullable
		`{"id":"cus_1","object":"customer","created":1}`:                               1, // missing
		`{"id":"cus_1","object":"customer","created":1,"livemode":false,"nonsense":1}`: 1,
	} {
		if got := schemasOf("2024-06-20").checkAnswer("GET", "/v1/customers/cus_1", 200, []byte(body)); (len(got) > 0) != (want > 0) {
			t.Errorf("%s: %v", body, got)
		}
	}
	line := `{"id":"il_1","object":"line_item","amount":1,"currency":"usd","discountable":true,"discounts":[],"livemode":false,"metadata":{},` +
		`"period":{"start":1,"end":2},"proration":false,"tax_amounts":[],"tax_rates":[],"type":"subscription"}`
	list := []byte(`{"object":"list","data":[` + line + `],"has_more":false,"url":"/v1/invoices/in_1/lines"}`)
	for version, want := range map[string]int{"2024-06-20": 0, "2025-02-24.acacia": 0, "2025-03-31.basil": 4} {
		if got := schemasOf(version).checkAnswer("GET", "/v1/invoices/in_1/lines", 200, list); len(got) != want {
			t.Errorf("a line of 2024-06-20 at %s: %v", version, got)
		}
	}
	if got := schemasOf("2024-06-20").checkAnswer("GET", "/v1/nonsense", 200, []byte(`{}`)); len(got) == 0 {
		t.Error("an unknown endpoint passes")
	}
}
