package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestATableIsAlignedAndNoWiderThanATerminal(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	printTable(&out, " ", [][]string{{"ID", "OBJECT", "WHY"}, {"evt_1", "é…", "x"}, {"  └ " + strings.Repeat("long ", 40)}, {"evt_22", "", ""}})
	lines := strings.Split(out.String(), "\n")
	if len([]rune(lines[2])) != lineWidth || !strings.HasSuffix(lines[2], "…") {
		t.Errorf("the long line: got %d characters: %q", len([]rune(lines[2])), lines[2])
	}
	lines[2] = "cut"
	if diff := cmp.Diff([]string{" ID      OBJECT  WHY", " evt_1   é…      x", "cut", " evt_22", ""}, lines); diff != "" {
		t.Error(diff)
	}
}

func TestNothingThatIsPrintedSteersTheTerminal(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	const id, red = "evt_\x1b[31mred", `evt_\u001b[31mred`
	b.exec(`INSERT INTO stripe_events (id, type, api_version, object_id, created_at, received_at, payload, state, attempt, due_at, finalized_at)
		VALUES ('` + id + `', E'made.\u009bup', E'a\x1bb', E'obj_\x1b', now(), now(), E'\\x7b1b7d', 'processed', 1, now(), now())`)
	for _, args := range [][]string{
		{"list"}, {"list", "--json"}, {"show", id}, {"show", id, "--json"}, {"show", id, "--payload"},
		{"replay", id}, {"retry", id}, {"list", "--limit", "1"}, {"show", "evt_\x1b[31mblue"},
	} {
		cmd, out := payloop(t, b.environ(freeAddr(t)), append([]string{"events"}, args...)...)
		cmd.Run()
		if strings.ContainsAny(out.String(), "\x1b\u009b") || !strings.Contains(out.String(), "[31m") {
			t.Errorf("%q: got %q", args, out)
		}
	}
	wants(t, b.command(0, "", "events", "list", "--json", "--type", "made.*"), `"id":"`+red+`"`, `"type":"made.\u009bup"`)
	if raw := b.command(0, "", "events", "show", id, "--raw"); raw != "{\x1b}" {
		t.Errorf("--raw: got %q", raw)
	}
}

func TestShortIDsKeepTheKindAndTheEnd(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"sub_1MowQVLkdIwHu7ixeRlqHVzs":               "sub_…RlqHVzs",
		"cs_test_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7": "cs_…4o5p6q7",
		"sub_1":            "sub_1",
		"":                 "",
		"payloop_basic":    "payloop_basic",
		"nounderscoreatal": "nounderscorea…",
	} {
		if got := shortID(id); got != want {
			t.Errorf("%s: got %q, want %q", id, got, want)
		}
	}
}

func TestTimesAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"":                     {},
		"24h":                  now.Add(-24 * time.Hour),
		"90m":                  now.Add(-90 * time.Minute),
		"7d":                   now.AddDate(0, 0, -7),
		"2026-11-20":           time.Date(2026, 11, 20, 0, 0, 0, 0, time.Local),
		"2026-11-20 14:30":     time.Date(2026, 11, 20, 14, 30, 0, 0, time.Local),
		"2026-11-20T14:30:00Z": time.Date(2026, 11, 20, 14, 30, 0, 0, time.UTC),
	} {
		if got, err := parseTime(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"yesterday", "-3h", "7", "2026-13-01", "d", "99999999d"} {
		if got, err := parseTime(s, now); err == nil {
			t.Errorf("%q passes for %v", s, got)
		}
	}
}

func TestTheZoneIsAlwaysSaid(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 12, 0, 5, 0, time.UTC)
	for name, offset := range map[string]int{"2026-11-21 12:00:05 UTC": 0, "2026-11-21 17:30:05 UTC+05:30": 19800, "2026-11-21 07:00:05 UTC-05:00": -18000} {
		if got := clock(at.In(time.FixedZone("", offset))); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
}

func TestAWordIsQuotedAsAShellReadsIt(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"invoice.*": `'invoice.*'`, "24h": "24h", "ada+1@example.com": "ada+1@example.com", "it's": `'it'\''s'`, "2026-11-21 14:30": `'2026-11-21 14:30'`} {
		if got := quoted(word); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
