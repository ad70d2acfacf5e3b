package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// lookUp finds the keys by their hashes, locks their users' balances in one
// order for all transactions, and finds what decides the users' plans.
func (b *creditBatch) lookUp(ctx context.Context) error {
	for _, r := range b.requests {
		if _, ok := b.byHash[string(r.KeyHash)]; !ok {
			b.byHash[string(r.KeyHash)] = len(b.hashes)
			b.hashes = append(b.hashes, r.KeyHash)
		}
	}
	b.keys = make([]creditKey, len(b.hashes))
	for n := range b.keys {
		b.keys[n].err = billing.ErrAPIKeyUnknown
	}
	rows, err := b.tx.query(ctx, `
		SELECT given.n, k.id, k.hash, k.prefix, k.expires_at, k.revoked_at, k.user_id,
			b.balance, b.held, b.due_at <= $2, b.refill_at <= $2, (
			SELECT json_agg(json_build_object(
				'id', s.id, 'status', s.status, 'past_due_since', s.past_due_since, 'created_at', s.created_at,
				'price', i.price_id, 'lookup_key', i.lookup_key, 'plan', i.plan) ORDER BY s.created_at DESC, s.id, i.position)
			FROM subscriptions s
			JOIN subscription_items i ON i.subscription_id = s.id
			WHERE s.user_id = k.user_id AND s.status IN ('active', 'trialing', 'past_due'))
		FROM unnest($1::bytea[]) WITH ORDINALITY AS given (hash, n)
		JOIN api_keys k ON k.hash = given.hash
		JOIN credit_balances b ON b.user_id = k.user_id
		ORDER BY b.user_id
		FOR UPDATE OF b`, byteaArray(b.hashes), b.now)
	if err != nil {
		return fmt.Errorf("look up %d API keys: %w", len(b.hashes), err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := b.take(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look up %d API keys: %w", len(b.hashes), err)
	}
	return nil
}

// take takes in a row of lookUp.
func (b *creditBatch) take(rows *sql.Rows) error {
	var n int
	var key creditKey
	var p purse
	var subscriptions []byte
	var expires, revoked sql.NullTime
	var due, refill sql.NullBool
	err := rows.Scan(&n, &key.ID, &key.Hash, &key.Prefix, &expires, &revoked, &key.UserID, &p.balance, &p.held, &due, &refill, &subscriptions)
	if err != nil {
		return fmt.Errorf("look up API keys: %w", err)
	}
	key.ExpiresAt, key.RevokedAt = expires.Time, revoked.Time
	if key.err = key.Verify(b.hashes[n-1], b.now); key.err == nil {
		if key.purse, err = b.open(&p, key.UserID, subscriptions); err != nil {
			return err
		}
		key.purse.due = due.Bool || refill.Bool && key.purse.plan.Free()
	}
	b.keys[n-1] = key
	return nil
}

// open returns the purse of a user whose balance was found, one for all of
// their keys.
func (b *creditBatch) open(p *purse, userID string, subscriptions []byte) (_ *purse, err error) {
	if known := b.purses[userID]; known != nil {
		return known, nil
	}
	if p.id, err = uuidOf(userID); err != nil {
		return nil, fmt.Errorf("look up API keys: %w", err)
	}
	if p.plan, err = planOf(b.catalog, subscriptions, b.now); err != nil {
		return nil, err
	}
	p.userID, p.heldBefore = userID, p.held
	b.purses[userID] = p
	return p, nil
}

// planOf is the plan that counts for someone with these subscriptions, one row
// of JSON for each of their items; null for none.
func planOf(c billing.Catalog, subscriptions []byte, now time.Time) (billing.Plan, error) {
	if subscriptions == nil {
		return c.FreePlan(), nil
	}
	var rows []struct {
		ID           string                     `json:"id"`
		Status       billing.SubscriptionStatus `json:"status"`
		PastDueSince time.Time                  `json:"past_due_since"`
		CreatedAt    time.Time                  `json:"created_at"`
		Price        string                     `json:"price"`
		LookupKey    string                     `json:"lookup_key"`
		Plan         string                     `json:"plan"`
	}
	if err := json.Unmarshal(subscriptions, &rows); err != nil {
		return billing.Plan{}, fmt.Errorf("subscriptions of an API key's user: %w", err)
	}
	var subs []billing.Subscription
	for _, row := range rows {
		if len(subs) == 0 || subs[len(subs)-1].ID != row.ID {
			subs = append(subs, billing.Subscription{ID: row.ID, Status: row.Status, PastDueSince: row.PastDueSince, CreatedAt: row.CreatedAt})
		}
		last := &subs[len(subs)-1]
		last.Items = append(last.Items, billing.SubscriptionItem{Price: billing.PriceRef{ID: row.Price, LookupKey: row.LookupKey, Plan: row.Plan}})
	}
	return billing.Access(c, subs, now).Plan, nil
}

// settle brings the balances up to date on which something has come due.
func (b *creditBatch) settle(ctx context.Context) error {
	var due []string
	for _, p := range b.purses {
		if p.due {
			due = append(due, p.userID)
		}
	}
	if len(due) == 0 {
		return nil
	}
	settled, err := b.tx.settle(ctx, due)
	if err != nil {
		return fmt.Errorf("settle %d balances: %w", len(due), err)
	}
	for _, id := range due {
		p, c := b.purses[id], settled[id]
		p.balance, p.held, p.heldBefore, p.plan = c.Balance, c.Held, c.Held, c.Plan
	}
	return nil
}
