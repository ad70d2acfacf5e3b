package handlers

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/views"
	"github.com/payloop/payloop/web"
)

// usageEntries is how many entries the usage page lists.
const usageEntries = 25

// showUsage shows where credits went. The address holds the filters (kind,
// from, to) and which page of entries is meant: the one before an entry, or the
// one after it.
func (h *Handlers) showUsage(c *gin.Context) error {
	shell, err := h.shell(c, "Usage")
	if err != nil {
		return err
	}
	page := views.UsagePage{Shell: shell}
	if err := h.spends(c, &page); err != nil {
		return err
	}
	status := http.StatusOK
	var wrong *billing.Error
	if err := h.listUsage(c, &page); errors.As(err, &wrong) && wrong.Kind == billing.Invalid {
		page.Problem, status = wrong.Msg, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return web.Render(c, status, views.Usage(page))
}

// spends tells what is there, when more comes, and what went on which day.
func (h *Handlers) spends(c *gin.Context, page *views.UsagePage) error {
	user, _ := web.User(c)
	ctx := c.Request.Context()
	var err error
	if page.Standing, _, err = h.standing(ctx, user.ID); err != nil {
		return err
	}
	balance, err := h.Store.Credits(ctx, user.ID, page.Standing.Plan)
	if err != nil {
		return err
	}
	page.Credits, page.Reserved, page.NextRefill = balance.Available, balance.Reserved, balance.NextAt
	first := billing.StartOfDay(h.Now()).AddDate(0, 0, 1-billing.UsageDays)
	page.Days, err = h.Store.DailySpends(ctx, user.ID, first, billing.UsageDays)
	return err
}

// listUsage lists the entries that the address asks for. A page of newer ones
// that is not full is the newest: it is shown whole.
func (h *Handlers) listUsage(c *gin.Context, page *views.UsagePage) error {
	given, err := web.FormQuery(c, "kind", "from", "to", "before", "after")
	if err != nil {
		return err
	}
	page.Filter = views.UsageFilter{Kind: given["kind"], From: given["from"], To: given["to"]}
	q, err := usageQuery(given)
	if err != nil {
		return err
	}
	if q.After > 0 {
		entries, newer, err := h.entriesPage(c, q)
		if err != nil {
			return err
		}
		if len(entries) == usageEntries {
			page.Entries, page.Newer, page.Older = entries, newer, true
			return nil
		}
		q.After = 0
	}
	page.Entries, page.Older, err = h.entriesPage(c, q)
	page.Newer = q.Before > 0
	return err
}

// usageQuery reads which entries the address asks for; after, if it is there,
// counts and before does not.
func usageQuery(given map[string]string) (q billing.EntryQuery, err error) {
	if q, err = parseFilter(given); err != nil {
		return q, err
	}
	if q.After, err = parseCursor(given["after"]); err != nil {
		return q, err
	}
	if q.Before, err = parseCursor(given["before"]); err != nil {
		return q, err
	}
	if q.After > 0 {
		q.Before = 0
	}
	q.Limit = usageEntries
	return q, nil
}
