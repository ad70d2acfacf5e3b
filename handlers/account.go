package handlers

import (
	"context"
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/views"
	"github.com/payloop/payloop/web"
)

// How many of each the account page lists.
const (
	shownEntries  = 10
	shownOrders   = 20
	shownInvoices = 24
)

// showAccount reads the mirror only: it is as fast, and as up, as the database.
// Only someone who comes straight from the portal waits for Stripe first.
func (h *Handlers) showAccount(c *gin.Context) error {
	if c.Query(fromPortal) != "" {
		return h.returnFromPortal(c)
	}
	shell, err := h.shell(c, "Account")
	if err != nil {
		return err
	}
	user, _ := web.User(c)
	page, err := h.accountPage(c.Request.Context(), user)
	if err != nil {
		return err
	}
	page.Shell = shell
	if page.NewKey, err = h.Sessions.TakeSecret(c); err != nil {
		return err
	}
	return web.OK(c, views.Account(page))
}

func (h *Handlers) accountPage(ctx context.Context, user billing.User) (views.AccountPage, error) {
	page := views.AccountPage{Now: h.Now()}
	var err error
	if page.Standing, _, err = h.standing(ctx, user.ID); err != nil {
		return page, err
	}
	balance, err := h.Store.Credits(ctx, user.ID, page.Standing.Plan)
	if err != nil {
		return page, err
	}
	page.Credits, page.NextRefill = balance.Available, balance.NextAt
	if page.Entries, err = h.Store.Entries(ctx, user.ID, billing.EntryQuery{Limit: shownEntries}); err != nil {
		return page, err
	}
	if page.Orders, err = h.Store.OrdersByUserID(ctx, user.ID, shownOrders); err != nil {
		return page, err
	}
	if page.Invoices, err = h.Store.InvoicesByUserID(ctx, user.ID, shownInvoices); err != nil {
		return page, err
	}
	if page.Keys, err = h.Store.APIKeysByUserID(ctx, user.ID); err != nil {
		return page, err
	}
	_, err = h.Store.CustomerByUserID(ctx, user.ID)
	if err != nil && !errors.Is(err, billing.ErrNotFound) {
		return page, err
	}
	page.HasCustomer = err == nil
	h.describeSubscription(&page)
	return page, nil
}

// describeSubscription adds the price of the subscription and, while its first
// payment is open, where to finish it.
func (h *Handlers) describeSubscription(page *views.AccountPage) {
	sub := page.Standing.Subscription
	if sub == nil {
		return
	}
	if plan, ok := sub.Plan(h.Catalog); ok {
		if price, ok := plan.Price(sub.Interval()); ok {
			price.Money.Amount = sub.Items[0].Price.Amount // what they pay, which an older price may be
			page.Price = &price
		}
	}
	for _, inv := range page.Invoices {
		if inv.ID == sub.LatestInvoiceID && inv.Status == billing.InvoiceOpen {
			page.FinishURL = inv.HostedURL
		}
	}
}
