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
		if got := checkAnswer("GET", "/v1/customers/cus_1", 200, []byte(body)); (len(got) > 0) != (want > 0) {
			t.Errorf("%s: %v", body, got)
		}
	}
	if got := checkAnswer("GET", "/v1/nonsense", 200, []byte(`{}`)); len(got) == 0 {
		t.Error("an unknown endpoint passes")
	}
}
