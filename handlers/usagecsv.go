package handlers

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

const (
	// csvPage is how many entries a download reads and writes at a time: what
	// it keeps in memory, however long the ledger.
	csvPage = 2000
	// csvPageTime is how long a client may take for so much.
	csvPageTime = time.Minute
)

var csvHeader = []string{"id", "created_at", "kind", "amount", "balance_after", "reason", "source", "shortfall"}

// downloadUsage answers all entries that the filters of the usage page ask for,
// the newest first, as RFC 4180 has it. A download that breaks off is cut, so
// that nobody takes the half for the whole.
func (h *Handlers) downloadUsage(c *gin.Context) error {
	given, err := web.FormQuery(c, "kind", "from", "to")
	if err != nil {
		return err
	}
	q, err := parseFilter(given)
	if err != nil {
		return err
	}
	user, _ := web.User(c)
	q.Limit = csvPage
	entries, err := h.Store.Entries(c.Request.Context(), user.ID, q)
	if err != nil {
		return err
	}
	c.Header("Content-Type", "text/csv; charset=utf-8; header=present")
	c.Header("Content-Disposition", `attachment; filename="usage-`+h.Now().UTC().Format(time.DateOnly)+`.csv"`)
	c.Header("Cache-Control", "private, no-store")
	rows := csv.NewWriter(c.Writer)
	rows.UseCRLF = true
	err = rows.Write(csvHeader)
	for err == nil {
		if err = writeEntries(c, rows, entries); err != nil || len(entries) < csvPage {
			break
		}
		q.Before = entries[len(entries)-1].ID
		entries, err = h.Store.Entries(c.Request.Context(), user.ID, q)
	}
	if err != nil {
		h.Log.Warn("A download broke off", "error", err, "request_id", web.RequestID(c))
		panic(http.ErrAbortHandler)
	}
	return nil
}

// writeEntries writes a page of rows, within its own time.
func writeEntries(c *gin.Context, rows *csv.Writer, entries []billing.CreditEntry) error {
	if err := http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(csvPageTime)); err != nil {
		return err
	}
	for _, e := range entries {
		err := rows.Write([]string{
			entryID(e), e.CreatedAt.UTC().Format(time.RFC3339Nano), string(e.Kind), strconv.FormatInt(e.Amount, 10),
			strconv.FormatInt(e.BalanceAfter, 10), plainText(e.Reason), plainText(e.Source), strconv.FormatInt(e.Shortfall, 10),
		})
		if err != nil {
			return err
		}
	}
	rows.Flush()
	return rows.Error()
}

// plainText keeps spreadsheets from running somebody's words as a formula: they
// take what begins with one of these for one.
// https://owasp.org/www-community/attacks/CSV_Injection
func plainText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
