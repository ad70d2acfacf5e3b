package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// upcomingNotice is how long before a renewal invoice.upcoming comes. Stripe has it as a setting of the account, which
// begins at seven days.
const upcomingNotice = 7 * day

// upcomingAt is when a subscription's next invoice is announced; zero when it was, and when it will not be charged by
// itself.
func (tx *Tx) upcomingAt(s *shape.Subscription) int64 {
	end := tx.renewsAt(s)
	if end == 0 || s.Status == "unpaid" || s.CollectionMethod != chargeAutomatically || s.PauseCollection != nil {
		return 0
	}
	if told := tx.Announced.get(s.ID); told != nil && *told == end {
		return 0
	}
	if at := end - int64(upcomingNotice.Seconds()); at > s.CurrentPeriodStart {
		return at
	}
	return 0
}

// announce tells what the next invoice will be if nothing changes. It is no invoice yet, so it has no id. Nothing is
// told when the time for it had passed before it was clear that there will be one.
func (tx *Tx) announce(s *shape.Subscription) {
	late := tx.upcomingAt(s) < tx.now
	end := s.CurrentPeriodEnd
	tx.Announced.add(s.ID, &end)
	inv, err := tx.previewInvoice(Preview{Subscription: s.ID})
	if late || err != nil {
		return
	}
	inv.ID = ""
	for i := range inv.Lines.Data {
		inv.Lines.Data[i].Invoice = ""
	}
	tx.emit("invoice.upcoming", inv)
}
