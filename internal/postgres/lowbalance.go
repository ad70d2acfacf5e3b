package postgres

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// TellLowBalances puts a mail into the outbox for each user whom these spends
// took below their plan's threshold; for the others it costs nothing. A user is
// told once until credits come in again: the mail's key names the entry by
// which some came last.
func (tx *Tx) TellLowBalances(ctx context.Context, balances []billing.LowBalance) error {
	var users, plans pq.StringArray
	var lowAt pq.Int64Array
	for _, l := range balances {
		if l.Crossed() {
			users, plans, lowAt = append(users, l.UserID), append(plans, l.Plan.Name), append(lowAt, l.Plan.LowBalance)
		}
	}
	if len(users) == 0 {
		return nil
	}
	_, err := tx.exec(ctx, `
		INSERT INTO outbox (key, user_id, kind, source, plan, low_at, created_at, due_at)
		SELECT 'credits_low:' || granted.id, low.user_id, 'credits_low', '', low.plan, low.low_at, $4, $4
		FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS low (user_id, plan, low_at),
		LATERAL (
			SELECT id FROM credit_entries
			WHERE user_id = low.user_id AND kind <> 'spend' AND amount > 0
			ORDER BY id DESC
			LIMIT 1) granted
		ORDER BY granted.id
		ON CONFLICT (key) DO NOTHING`, users, plans, lowAt, tx.now)
	if err != nil {
		return fmt.Errorf("tell %d low balances: %w", len(users), err)
	}
	return nil
}
