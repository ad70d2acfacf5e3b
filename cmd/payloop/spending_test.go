package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

// credit posts to an address below /api/credits, with or without an
// Idempotency-Key.
func credit(c *testkit.Client, path, key, idempotencyKey, body string) *testkit.Page {
	header := http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"}}
	if idempotencyKey != "" {
		header.Set("Idempotency-Key", idempotencyKey)
	}
	return c.Send("POST", "/api/credits/"+path, body, header)
}

// wantAnswer checks status and body; a body that ends with … only has to begin
// so.
func wantAnswer(t *testing.T, what string, p *testkit.Page, status int, body string) {
	t.Helper()
	got := strings.TrimSpace(string(p.Body))
	begin, open := strings.CutSuffix(body, "…")
	if p.Status != status || got != body && !(open && strings.HasPrefix(got, begin)) {
		t.Errorf("%s: got %d %s\nwant %d %s", what, p.Status, got, status, body)
	}
}

const noneLeft = `{"error":{"code":"no_credits","message":"There are no credits left. Nothing was taken.","request_id":"req_…`

func TestSpendingTakesWhatIsThereAndNoMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	key := c.key(t)
	program := b.visitor()

	wantAnswer(t, "one", credit(program, "spend", key, "", `{"amount":1,"reason":"one call"}`), 200, `{"credits":49,"plan":"Free"}`)
	wantAnswer(t, "the rest", credit(program, "spend", key, "", `{"amount":49,"reason":null}`), 200, `{"credits":0,"plan":"Free"}`)
	wantAnswer(t, "none left", credit(program, "spend", key, "", `{"amount":1}`), 402, noneLeft)
	if got := b.text(`SELECT string_agg(concat_ws(' ', kind, amount, reason, left(source, 8), balance_after), '; ' ORDER BY id) FROM credit_entries`); got != "weekly_refill 50   50; spend -1 one call payloop_ 49; spend -49  payloop_ 0" {
		t.Errorf("the ledger: %s", got)
	}
	b.advance(7 * day)
	wantAnswer(t, "a week later", credit(program, "spend", key, "", `{"amount":50}`), 200, `{"credits":0,"plan":"Free"}`)
}

func TestSpendingRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	key := c.key(t)
	program := b.visitor()
	for name, tt := range map[string]struct {
		path, body, key, idempotencyKey string
		status                          int
		code                            string
	}{
		"no key":               {"spend", `{"amount":1}`, "", "", 401, "unauthorized"},
		"somebody's":           {"spend", `{"amount":1}`, "payloop_none", "", 401, "unauthorized"},
		"not a whole number":   {"spend", `{"amount":1.5}`, key, "", 422, "invalid"},
		"nothing":              {"spend", `{"amount":0}`, key, "", 422, "invalid"},
		"to give":              {"spend", `{"amount":-1}`, key, "", 422, "invalid"},
		"no amount":            {"spend", `{}`, key, "", 422, "invalid"},
		"text":                 {"spend", `{"amount":"1"}`, key, "", 422, "invalid"},
		"more than a number":   {"spend", `{"amount":9223372036854775808}`, key, "", 422, "invalid"},
		"a field too many":     {"spend", `{"amount":1,"user":"x"}`, key, "", 422, "invalid"},
		"another case":         {"spend", `{"Amount":1,"REASON":"x"}`, key, "", 422, "invalid"},
		"named twice":          {"spend", `{"amount":2,"amount":1}`, key, "", 422, "invalid"},
		"null":                 {"spend", `null`, key, "", 400, "bad_request"},
		"not UTF-8":            {"spend", "{\"amount\":1,\"reason\":\"\xff\"}", key, "", 400, "bad_request"},
		"two bodies":           {"spend", `{"amount":1}{"amount":1}`, key, "", 400, "bad_request"},
		"nothing at all":       {"spend", ``, key, "", 400, "bad_request"},
		"not JSON":             {"spend", `amount=1`, key, "", 400, "bad_request"},
		"a long reason":        {"spend", `{"amount":1,"reason":"` + strings.Repeat("ü", 201) + `"}`, key, "", 422, "invalid"},
		"NUL":                  {"spend", `{"amount":1,"reason":"a\u0000b"}`, key, "", 422, "invalid"},
		"a long key":           {"spend", `{"amount":1}`, key, strings.Repeat("k", 256), 422, "invalid"},
		"as many as there are": {"spend", `{"amount":9223372036854775807}`, key, "", 402, "no_credits"},
		"an empty batch":       {"spend/batch", `{"spends":[]}`, key, "", 422, "invalid"},
		"a bad item":           {"spend/batch", `{"spends":[{"amount":1},{"amount":0}]}`, key, "", 422, "invalid"},
		"a long batch":         {"spend/batch", `{"spends":[{"amount":1}` + strings.Repeat(`,{"amount":1}`, 1000) + `]}`, key, "", 422, "invalid"},
		"too long":             {"reserve", `{"amount":1,"expires_in":86401}`, key, "", 422, "invalid"},
		"no time":              {"reserve", `{"amount":1,"expires_in":0}`, key, "", 422, "invalid"},
		"null time":            {"reserve", `{"amount":1,"expires_in":null}`, key, "", 422, "invalid"},
		"a null spend":         {"spend/batch", `{"spends":[{"amount":1},null]}`, key, "", 422, "invalid"},
		"too much to reserve":  {"reserve", `{"amount":51}`, key, "", 402, "no_credits"},
		"which reservation":    {"commit", `{"amount":1}`, key, "", 422, "invalid"},
		"and to release":       {"release", `{}`, key, "", 422, "invalid"},
		"no such reservation":  {"commit", `{"reservation":"x"}`, key, "", 404, "not_found"},
		"nobody's reservation": {"release", `{"reservation":"7a2c4b0e-5a53-4a0d-8d3c-54b4c4f3a111"}`, key, "", 404, "not_found"},
	} {
		p := credit(program, tt.path, tt.key, tt.idempotencyKey, tt.body)
		if p.Status != tt.status || !strings.Contains(string(p.Body), `"code":"`+tt.code+`"`) {
			t.Errorf("%s: got %d %s, want %d %s", name, p.Status, p.Body, tt.status, tt.code)
		}
	}
	if p := c.PostJSON("/api/credits/spend", "", `{"amount":1}`); p.Status != http.StatusUnauthorized {
		t.Errorf("by cookie: got %d %s", p.Status, p.Body)
	}
	if n := b.count(`SELECT count(*) FROM credit_entries WHERE kind = 'spend'`); n != 0 {
		t.Errorf("%d spends were made", n)
	}
}

func TestARevokedKeySpendsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	old := c.key(t)
	key := c.key(t) // takes the place of the old one
	wantAnswer(t, "revoked", credit(b.visitor(), "spend", old, "", `{"amount":1}`), 401, `{"error":{"code":"unauthorized",…`)
	wantAnswer(t, "new", credit(b.visitor(), "spend", key, "", `{"amount":1}`), 200, `{"credits":49,"plan":"Free"}`)
}

func TestASubscribersSpendTellsTheirPlan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	wantAnswer(t, "a spend", credit(b.visitor(), "spend", c.key(t), "", `{"amount":50}`), 200, `{"credits":1000,"plan":"Basic"}`)
}

func TestTheSameIdempotencyKeyGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key, other := b.person().key(t), b.person().key(t)
	program := b.visitor()
	again := func(path, idempotencyKey, body string, status int) {
		t.Helper()
		first := credit(program, path, key, idempotencyKey, body)
		second := credit(program, path, key, idempotencyKey, body)
		if first.Status != status || second.Status != status || string(first.Body) != string(second.Body) {
			t.Errorf("%s: got %d %s\nand again %d %s", path, first.Status, first.Body, second.Status, second.Body)
		}
		if first.Header.Get("Idempotent-Replayed") != "" || second.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: Idempotent-Replayed: got %q and %q", path, first.Header.Get("Idempotent-Replayed"), second.Header.Get("Idempotent-Replayed"))
		}
	}
	again("spend", "a", `{"amount":10}`, 200)
	again("spend", "b", `{"amount":41}`, 402)
	again("spend/batch", "c", `{"spends":[{"amount":5},{"amount":40}]}`, 200)
	again("reserve", "d", `{"amount":10}`, 200)
	wantAnswer(t, "other parameters", credit(program, "spend", key, "a", `{"amount":11}`), 409, `{"error":{"code":"idempotency_key_reused",…`)
	wantAnswer(t, "another address", credit(program, "reserve", key, "a", `{"amount":10}`), 409, `{"error":{"code":"idempotency_key_reused",…`)
	wantAnswer(t, "somebody else's key of that name", credit(program, "spend", other, "a", `{"amount":11}`), 200, `{"credits":39,"plan":"Free"}`)
	wantAnswer(t, "a key that was refused before", credit(program, "spend", key, "e", `{"amount":0}`), 422, `{"error":…`)
	wantAnswer(t, "is still free", credit(program, "spend", key, "e", `{"amount":1}`), 200, `{"credits":24,"plan":"Free"}`)
	b.advance(day + 1)
	wantAnswer(t, "a day later", credit(program, "spend", key, "a", `{"amount":1}`), 200, `{"credits":…`)
}

func TestABatchDecidesEachSpendInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.person().key(t)
	wantAnswer(t, "a batch", credit(b.visitor(), "spend/batch", key, "", `{"spends":[{"amount":40,"reason":"a"},{"amount":20},{"amount":10},{"amount":1}]}`), 200,
		`{"results":[{"status":200,"credits":10},`+
			`{"status":402,"error":{"code":"no_credits","message":"This needs 20 credits and 10 are left. Nothing was taken."}},`+
			`{"status":200,"credits":0},`+
			`{"status":402,"error":{"code":"no_credits","message":"There are no credits left. Nothing was taken."}}],"credits":0,"plan":"Free"}`)
	if n := b.count(`SELECT count(*) FROM credit_entries WHERE kind = 'spend'`); n != 2 {
		t.Errorf("got %d entries, want 2", n)
	}
}

// reserve sets credits aside, and returns the reservation's ID.
func reserve(t *testing.T, c *testkit.Client, key, body string) string {
	t.Helper()
	var answer struct{ Reservation string }
	credit(c, "reserve", key, "", body).JSON(&answer)
	if answer.Reservation == "" {
		t.Fatal("no reservation")
	}
	return answer.Reservation
}

func TestAReservationIsCommittedOrReleasedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key, other := b.person().key(t), b.person().key(t)
	program := b.visitor()
	of := func(id string, more string) string { return fmt.Sprintf(`{"reservation":%q%s}`, id, more) }

	first := reserve(t, program, key, `{"amount":30,"reason":"a long answer"}`)
	wantAnswer(t, "more than is free", credit(program, "spend", key, "", `{"amount":21}`), 402, `{"error":{"code":"no_credits","message":"This needs 21 credits and 20 are left.…`)
	wantAnswer(t, "somebody else's", credit(program, "commit", other, "", of(first, "")), 404, `{"error":{"code":"not_found",…`)
	wantAnswer(t, "more than is reserved", credit(program, "commit", key, "", of(first, `,"amount":31`)), 422, `{"error":{"code":"invalid",…`)
	wantAnswer(t, "nothing of it", credit(program, "commit", key, "", of(first, `,"amount":0`)), 422, `{"error":{"code":"invalid",…`)
	wantAnswer(t, "a part", credit(program, "commit", key, "", of(first, `,"amount":7`)), 200, `{"spent":7,"credits":43,"plan":"Free"}`)
	wantAnswer(t, "the same again", credit(program, "commit", key, "", of(first, `,"amount":7`)), 200, `{"spent":7,"credits":43,"plan":"Free"}`)
	wantAnswer(t, "another amount", credit(program, "commit", key, "", of(first, `,"amount":8`)), 409, `{"error":{"code":"reservation_ended",…`)
	wantAnswer(t, "released after it", credit(program, "release", key, "", of(first, "")), 409, `{"error":{"code":"reservation_ended",…`)
	if got := b.text(`SELECT concat_ws(' ', amount, reason) FROM credit_entries WHERE kind = 'spend'`); got != "-7 a long answer" {
		t.Errorf("the entry: %q", got)
	}

	second := reserve(t, program, key, `{"amount":43}`)
	wantAnswer(t, "released", credit(program, "release", key, "", of(second, "")), 200, `{"credits":43,"plan":"Free"}`)
	wantAnswer(t, "released again", credit(program, "release", key, "", of(second, "")), 200, `{"credits":43,"plan":"Free"}`)
	wantAnswer(t, "committed after it", credit(program, "commit", key, "", of(second, "")), 409, `{"error":{"code":"reservation_ended",…`)

	third := reserve(t, program, key, `{"amount":43}`)
	wantAnswer(t, "all of it", credit(program, "commit", key, "", of(third, "")), 200, `{"spent":43,"credits":0,"plan":"Free"}`)
	if n := b.count(`SELECT sum(held) FROM credit_balances`); n != 0 {
		t.Errorf("%d credits are still held", n)
	}
}
