package postgres

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// grant adds ledger entries and raises the balances. The key names the
// business fact (invoice:in_1, session:cs_1); a key seen before changes nothing.
func (tx *Tx) grant(ctx context.Context, grants []billing.Grant) error {
	if len(grants) == 0 {
		return nil
	}
	var users []string
	whole, subscribed := map[string]bool{}, map[string]bool{}
	for _, g := range grants {
		users = append(users, g.UserID)
		whole[g.UserID] = whole[g.UserID] || !g.ExpiresAt.IsZero() || g.Monthly != nil
		subscribed[g.UserID] = subscribed[g.UserID] || g.SubscriptionID != ""
	}
	// Where nothing is due, nothing new expires and no schedule can be replaced, the balance is enough to know.
	b, err := tx.openBooks(ctx, users, func(book *book) bool {
		return whole[book.UserID] || subscribed[book.UserID] && !book.DueAt.IsZero() || isDue(book.Credits, tx.catalog.FreePlan(), tx.now)
	})
	if err != nil {
		return err
	}
	// Whoever grants to these users waits for their balances, so what is not there now will not come.
	known, err := tx.knownKeys(ctx, grants)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if !known[g.Key] {
			known[g.Key] = true
			b.users[g.UserID].Give(g)
		}
	}
	return b.write(ctx)
}

// knownKeys are those of grants that were made, or of which it was decided
// earlier that they are of nothing: an invoice is granted by the plans of its time.
func (tx *Tx) knownKeys(ctx context.Context, grants []billing.Grant) (map[string]bool, error) {
	var keys, invoices pq.StringArray
	for _, g := range grants {
		keys = append(keys, g.Key)
		if g.Kind == billing.PlanGrant && g.Amount > 0 {
			invoices = append(invoices, g.Source)
		}
	}
	var found []string
	err := tx.selectInto(ctx, &found, `
		SELECT key FROM credit_entries WHERE key = ANY($1)
		UNION ALL
		SELECT 'invoice:' || id FROM invoices WHERE id = ANY($2) AND granted = 0`, keys, invoices)
	if err != nil {
		return nil, fmt.Errorf("known among %d grants: %w", len(keys), err)
	}
	known := map[string]bool{}
	for _, key := range found {
		known[key] = true
	}
	return known, nil
}
