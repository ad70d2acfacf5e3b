package engine

import (
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Stripe calls a portal session short-lived: its link is good for five minutes, and once it was opened for an hour
// after it was last used.
const (
	portalUnopened = 5 * time.Minute
	portalIdle     = time.Hour
)

// VisitPortal notes that a portal session is used, unless its time is over.
func (tx *Tx) VisitPortal(id string) {
	if ps := tx.PortalSessions.get(id); ps != nil && !tx.portalExpired(ps) {
		now := tx.now
		tx.Visits.add(id, &now)
	}
}

func (tx *Tx) portalExpired(ps *shape.PortalSession) bool {
	if last := tx.Visits.get(ps.ID); last != nil {
		return tx.now > *last+int64(portalIdle.Seconds())
	}
	return tx.now > ps.Created+int64(portalUnopened.Seconds())
}
