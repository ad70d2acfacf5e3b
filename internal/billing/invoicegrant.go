package billing

import "time"

// Grant is what paying the invoice gives. A full line gives what its plan
// gives; a proration line the same share of it as it is of the price, so that
// an upgrade on the last day of a month gives one day's worth of the
// difference, as it costs. A yearly line gives a month at a time. ok is false
// when no line is for a plan.
func (inv Invoice) Grant(c Catalog) (g Grant, ok bool) {
	g = Grant{UserID: inv.UserID, Kind: PlanGrant, Key: InvoiceKey(inv.ID), Source: inv.ID, SubscriptionID: inv.SubscriptionID}
	stays := false
	for _, line := range inv.Lines {
		plan, known := c.PlanOf(line.Price)
		if !known {
			continue
		}
		ok = true
		now, months := inv.gives(line, plan)
		g.Amount += now
		if months.Since.After(g.Since) {
			g.Since = months.Since
		}
		if line.Amount < 0 {
			continue // it gives back: what comes is another line's
		}
		if months.Month <= monthsPaid && months.Amount > 0 && !months.NextAt().IsZero() {
			g.Monthly = &months
		}
		stays = stays || plan.Rollover
		if end := months.firstEnd(line); end.After(g.ExpiresAt) {
			g.ExpiresAt = end
		}
	}
	if stays {
		g.ExpiresAt = time.Time{}
	}
	g.Amount = max(g.Amount, 0)
	return g, ok
}

// gives says what a line gives now, and each month after that.
func (inv Invoice) gives(l InvoiceLine, plan Plan) (now int64, s Schedule) {
	s = inv.schedule(l, plan)
	later := int64(0) // months that are granted when they come
	for m := s; !m.NextAt().IsZero(); m.Month++ {
		later++
	}
	switch {
	case !l.Proration:
		return s.Amount, s
	case l.Price.Amount <= 0:
		return 0, s
	case l.Price.Interval != Year:
		return mulDiv(plan.Credits, l.Amount, l.Price.Amount), s
	case l.Amount < 0:
		return mulDiv(monthsPaid*plan.Credits, l.Amount, l.Price.Amount) + later*s.Amount, s
	}
	return mulDiv(monthsPaid*plan.Credits, l.Amount, l.Price.Amount) - later*s.Amount, s
}

// schedule is how a line's months follow each other. One that is not for a
// year has its first month alone.
func (inv Invoice) schedule(l InvoiceLine, plan Plan) Schedule {
	s := Schedule{
		Key: InvoiceKey(inv.ID), InvoiceID: inv.ID, SubscriptionID: inv.SubscriptionID, Paid: inv.AmountPaid,
		Amount: plan.Credits * max(l.Quantity, 1), Expires: !plan.Rollover, Since: l.Start, Until: l.End, Month: monthsPaid + 1,
	}
	if s.Since.IsZero() {
		s.Since = inv.CreatedAt
	}
	s.Anchor = s.Since
	if l.Price.Interval != Year {
		return s
	}
	if s.Until.IsZero() {
		s.Until = AddMonths(s.Since, monthsPaid)
	}
	if l.Proration { // the year began before
		s.Anchor = AddMonths(s.Until, -monthsPaid)
	}
	for s.Month = 2; s.Month <= monthsPaid && !AddMonths(s.Anchor, s.Month-1).After(s.Since); s.Month++ {
	}
	return s
}

// firstEnd is when the month that a line pays for first is over.
func (s Schedule) firstEnd(l InvoiceLine) time.Time {
	if next := s.NextAt(); !next.IsZero() {
		return next
	}
	if l.End.IsZero() {
		return AddMonths(s.Anchor, 1)
	}
	return l.End
}
