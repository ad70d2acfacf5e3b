package postgres

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// moneyBack says that money of a payment went back.
type moneyBack struct {
	GrantKey string // of what the payment granted
	ChargeID string
	Paid     int64 // minor units
	Returned int64 // of that in all, by refunds and lost disputes
	Kind     billing.CreditKind
	Key      string // of this entry
}

// takeBackRefund takes back what a refund of a charge returned the money for.
func (tx *Tx) takeBackRefund(ctx context.Context, grantKey string, c billing.Charge, returned int64) error {
	if c.AmountRefunded == 0 {
		return nil
	}
	return tx.takeBack(ctx, moneyBack{
		GrantKey: grantKey, ChargeID: c.ID, Paid: c.Amount, Returned: returned,
		Kind: billing.Refund, Key: fmt.Sprintf("refund:%s:%d", c.ID, c.AmountRefunded),
	})
}

// takeBack takes the returned share of all that a payment granted back: down
// to what is available at most, and what is missing is recorded as the entry's
// shortfall. It may run more than once, in any order: what was taken before for
// the same charge is counted.
func (tx *Tx) takeBack(ctx context.Context, m moneyBack) error {
	before, err := tx.granted(ctx, m.GrantKey)
	if err != nil || before.UserID == "" {
		return err // or the payment granted nothing
	}
	b, err := tx.openBooks(ctx, []string{before.UserID}, func(*book) bool { return true })
	if err != nil {
		return err
	}
	if err := b.write(ctx); err != nil { // a month of a yearly invoice may have come due
		return err
	}
	g, err := tx.granted(ctx, m.GrantKey)
	if err != nil {
		return err
	}
	var taken struct {
		Sum   int64
		Known bool
	}
	err = tx.tx.GetContext(ctx, &taken, `
		SELECT COALESCE(sum(shortfall - amount), 0)::bigint AS sum, COALESCE(bool_or(key = $2), false) AS known
		FROM credit_entries
		WHERE source = $1 AND kind IN ('refund', 'dispute')`, m.ChargeID, m.Key)
	if err := oneRow(err, "taken back for "+m.ChargeID); err != nil {
		return err
	}
	due := billing.TakeBack(g.Promised, m.Returned, m.Paid) - (g.Promised - g.Amount) - taken.Sum
	if due <= 0 || taken.Known {
		return nil
	}
	b.users[g.UserID].Take(billing.CreditEntry{Kind: m.Kind, Key: m.Key, Source: m.ChargeID}, due, g.Keys...)
	return b.write(ctx)
}

// paymentGrants are what a payment granted so far, all its months together.
type paymentGrants struct {
	UserID   string // empty: it granted nothing
	Amount   int64
	Promised int64 // Amount, and what months gave less because money had gone back before
	Keys     pq.StringArray
}

func (tx *Tx) granted(ctx context.Context, key string) (g paymentGrants, err error) {
	var found []paymentGrants
	err = tx.tx.SelectContext(ctx, &found, `
		SELECT user_id, sum(e.amount)::bigint AS amount, array_agg(e.key) AS keys,
			sum(CASE WHEN e.key = $1 THEN e.amount ELSE COALESCE(s.amount, e.amount) END)::bigint AS promised
		FROM credit_entries e
		LEFT JOIN LATERAL (SELECT amount FROM credit_schedules s WHERE s.key = $1) s ON true
		WHERE e.key = ANY($2)
		GROUP BY user_id`, key, pq.StringArray(billing.MonthKeys(key)))
	if err != nil {
		return g, fmt.Errorf("granted by %s: %w", key, err)
	}
	if len(found) > 0 {
		g = found[0]
	}
	return g, nil
}
