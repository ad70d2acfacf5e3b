package testkit

import (
	"strings"
	"testing"
)

func TestWhatStripeMockPrintsIsLeftOutAndNothingElse(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	withoutChatter(&out, strings.NewReader("=== RUN TestA\nRequest: GET /v1/prices\nRequest data = map[]\n--- FAIL: TestA\n    Request: as we print it\nResponse: elapsed=1ms status=200\nFAIL"))
	want := "=== RUN TestA\n--- FAIL: TestA\n    Request: as we print it\nFAIL"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
