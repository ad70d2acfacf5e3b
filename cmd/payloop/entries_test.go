package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

type apiEntries struct {
	Entries []struct {
		ID           string
		Amount       int64
		Kind         string
		Reason       string
		BalanceAfter int64     `json:"balance_after"`
		CreatedAt    time.Time `json:"created_at"`
	}
	NextCursor *string `json:"next_cursor"`
}

func TestTheAPIPagesThroughEntriesWhileTheyComeIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	key := c.key(t)
	b.spends(b.person(), 5, 1, "somebody else's")
	b.spends(c, 11, 2, "work")
	var amounts []string
	seen := map[string]bool{}
	for path := "/api/credits/entries?limit=5"; path != ""; {
		var page apiEntries
		getWithKey(b.visitor(), path, key).JSON(&page)
		for _, e := range page.Entries {
			amounts = append(amounts, fmt.Sprint(e.Amount, ">", e.BalanceAfter))
			seen[e.ID] = true
		}
		b.spends(c, 1, 1, "meanwhile")
		path = ""
		if page.NextCursor != nil {
			path = "/api/credits/entries?limit=5&cursor=" + url.QueryEscape(*page.NextCursor)
		}
	}
	want := "-2>28 -2>30 -2>32 -2>34 -2>36 -2>38 -2>40 -2>42 -2>44 -2>46 -2>48 50>50"
	if got := strings.Join(amounts, " "); got != want || len(seen) != 12 {
		t.Errorf("got %s, %d different; want %s", got, len(seen), want)
	}
}

func TestTheAPIFiltersEntries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	start := b.store.Now()
	b.offset.Add(int64(2 * day))
	b.spends(c, 2, 3, "späte Arbeit")
	noon := start.Add(day).UTC()
	for query, want := range map[string]int{
		"":                                   3,
		"?kind=spend":                        2,
		"?kind=expiry":                       0,
		"?to=" + noon.Format(time.DateOnly):  1,
		"?from=" + noon.Format(time.RFC3339): 2,
		"?from=" + start.AddDate(0, 0, 1).Format(time.DateOnly) + "&kind=weekly_refill":      0,
		"?from=" + url.QueryEscape(noon.In(time.FixedZone("", 5*3600)).Format(time.RFC3339)): 2,
	} {
		p := c.Get("/api/credits/entries" + query) // by cookie
		var page apiEntries
		p.JSON(&page)
		if p.Status != http.StatusOK || len(page.Entries) != want || page.NextCursor != nil {
			t.Errorf("%s: got %d %s; want %d entries", query, p.Status, p.Body, want)
		}
	}
	var page struct{ Entries []map[string]any }
	c.Get("/api/credits/entries?limit=1").JSON(&page)
	e := page.Entries[0]
	for name, want := range map[string]any{"amount": -3.0, "kind": "spend", "reason": "späte Arbeit", "source": "", "shortfall": 0.0, "balance_after": 44.0} {
		if e[name] != want {
			t.Errorf("%s: got %v, want %v", name, e[name], want)
		}
	}
}

func TestWrongParametersForEntriesAreNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	for query, want := range map[string]string{
		"limit=0":                       "limit must be a whole number from 1 to 100",
		"limit=101":                     "limit",
		"limit=ten":                     "limit",
		"cursor=-1":                     "cursor",
		"cursor=abc":                    "cursor",
		"cursor=99999999999999999999":   "cursor",
		"kind=gift":                     "kind must be one of spend, plan_grant",
		"from=21.11.2026":               "from must be a day",
		"to=2026-02-30":                 "to must be a day",
		"from=2026-11-22&to=2026-11-21": "must come after from",
		"form=2026-11-22":               "no parameter form here; there are limit",
		"kind=spend&kind=expiry":        "more than once",
		"from=2026-11-21T00:00:00%00Z":  "from",
		"limit=1%zz":                    "could not be read",
		"%zz":                           "could not be read",
		"kind=spend;from=2030-01-01":    "could not be read",
		"limit=":                        "parameter limit is empty",
		"from":                          "parameter from is empty",
	} {
		p := c.Get("/api/credits/entries?" + query)
		var answer struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(p.Body), &answer); err != nil || p.Status != http.StatusUnprocessableEntity || answer.Error.Code != "invalid" || !strings.Contains(answer.Error.Message, want) {
			t.Errorf("%s: got %d %s", query, p.Status, p.Body)
		}
	}
}
