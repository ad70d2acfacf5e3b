package handlers

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

// How many entries a page of the API holds.
const (
	defaultEntries = 25
	maxEntries     = 100
)

type entryJSON struct {
	ID           string             `json:"id"` // a string: programs in JavaScript lose digits of long numbers
	Amount       int64              `json:"amount"`
	Kind         billing.CreditKind `json:"kind"`
	Reason       string             `json:"reason"`
	Source       string             `json:"source"`
	Shortfall    int64              `json:"shortfall"`
	BalanceAfter int64              `json:"balance_after"`
	CreatedAt    time.Time          `json:"created_at"`
}

// apiEntries lists the ledger, the newest entry first. The cursor is the ID of
// the last entry that was listed: what comes in meanwhile moves nothing.
func (h *Handlers) apiEntries(c *gin.Context) error {
	given, err := web.Query(c, "limit", "cursor", "kind", "from", "to")
	if err != nil {
		return err
	}
	q, err := parseFilter(given)
	if err != nil {
		return err
	}
	if q.Before, err = parseCursor(given["cursor"]); err != nil {
		return err
	}
	if q.Limit, err = parseLimit(given["limit"]); err != nil {
		return err
	}
	entries, older, err := h.entriesPage(c, q)
	if err != nil {
		return err
	}
	out := struct {
		Entries    []entryJSON `json:"entries"`
		NextCursor *string     `json:"next_cursor"`
	}{Entries: make([]entryJSON, len(entries))}
	for i, e := range entries {
		out.Entries[i] = entryJSON{entryID(e), e.Amount, e.Kind, e.Reason, e.Source, e.Shortfall, e.BalanceAfter, e.CreatedAt.UTC()}
	}
	if older {
		next := entryID(entries[len(entries)-1])
		out.NextCursor = &next
	}
	web.Reply(c, http.StatusOK, out)
	return nil
}

func entryID(e billing.CreditEntry) string { return strconv.FormatInt(e.ID, 10) }

// entriesPage returns a page of the user's entries, and whether more lie
// beyond it: older ones, or newer ones for a page that q.After asks for.
func (h *Handlers) entriesPage(c *gin.Context, q billing.EntryQuery) (entries []billing.CreditEntry, more bool, err error) {
	user, _ := web.User(c)
	limit := q.Limit
	q.Limit++
	entries, err = h.Store.Entries(c.Request.Context(), user.ID, q)
	if err != nil || len(entries) <= limit {
		return entries, false, err
	}
	if q.After > 0 {
		return entries[1:], true, nil
	}
	return entries[:limit], true, nil
}

// parseFilter reads the filters that the API, the usage page and its download
// have in common. One that is empty, as forms send it, asks for nothing.
func parseFilter(given map[string]string) (q billing.EntryQuery, err error) {
	q.Kind = billing.CreditKind(given["kind"])
	if q.Kind != "" && !slices.Contains(billing.CreditKinds, q.Kind) {
		return q, billing.Errorf(billing.Invalid, "The kind must be one of %s.", kindNames())
	}
	if q.From, err = parseTime("from", given["from"], 0); err != nil {
		return q, err
	}
	if q.To, err = parseTime("to", given["to"], 1); err != nil {
		return q, err
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return q, billing.Errorf(billing.Invalid, "The time to must come after from.")
	}
	return q, nil
}

func kindNames() string {
	var names []string
	for _, k := range billing.CreditKinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// parseTime reads a time, or a day, in UTC. A day that ends something is meant
// to be in it: the time is so many days later.
func parseTime(name, given string, days int) (time.Time, error) {
	if given == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, given); err == nil {
		return day.AddDate(0, 0, days), nil
	}
	at, err := time.Parse(time.RFC3339, given)
	if err != nil {
		return time.Time{}, billing.Errorf(billing.Invalid, "The parameter %s must be a day such as 2026-11-21, or a time such as 2026-11-21T09:30:00Z.", name)
	}
	return at.UTC(), nil
}

// parseCursor reads the ID of an entry; 0: none is given.
func parseCursor(given string) (int64, error) {
	if given == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(given, 10, 64)
	if err != nil || id < 1 {
		return 0, billing.Errorf(billing.Invalid, "The cursor is not one that was given out here.")
	}
	return id, nil
}

func parseLimit(given string) (int, error) {
	if given == "" {
		return defaultEntries, nil
	}
	limit, err := strconv.Atoi(given)
	if err != nil || limit < 1 || limit > maxEntries {
		return 0, billing.Errorf(billing.Invalid, "The limit must be a whole number from 1 to %d.", maxEntries)
	}
	return limit, nil
}
