package api

import (
	"encoding/json"
	"testing"

	"github.com/payloop/payloop/internal/sandbox/version"
)

func TestATreeIsWrittenAsAStructIs(t *testing.T) {
	t.Parallel()
	type inner struct {
		ID     string            `json:"id"`
		Object string            `json:"object"`
		Amount int64             `json:"amount"`
		List   []int             `json:"list"`
		Map    map[string]string `json:"map"`
		None   *int              `json:"none"`
		Open   bool              `json:"open"`
		Text   string            `json:"text"`
	}
	v := struct {
		Data  []inner `json:"data"`
		Empty []inner `json:"empty"`
	}{[]inner{{ID: "x_1", Object: "x", Amount: 12345678901234567, List: []int{1, 2}, Map: map[string]string{}, Text: "a & b <c> \"d\" é"}, {}}, []inner{}}
	if got, want := string(indentedTree(asTree(v))), string(indented(v)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, text := range []string{"{}", "[]", "null", `"x"`, "1.50", `[[],[{}]]`} {
		var a, b any
		if err := json.Unmarshal(indentedTree(version.Decode([]byte(text))), &a); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		_ = json.Unmarshal([]byte(text), &b)
		if x, y := string(indented(a)), string(indented(b)); x != y {
			t.Errorf("%s became %s", y, x)
		}
	}
}
