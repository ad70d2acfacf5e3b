package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// keysAndBalances finds keys by their hashes, their users' balances, and what
// decides the users' plans. With locks it does not wait for long: keys may be
// revoked meanwhile.
const keysAndBalances = `
	SELECT given.n, k.id, k.hash, k.prefix, k.expires_at, k.revoked_at, k.user_id, u.access_version,
		b.balance, b.held, b.due_at <= $2, b.refill_at <= $2, clock_timestamp(), ` + planColumns + `
	FROM (SELECT set_config('lock_timeout', '600ms', true)) AS patience
	CROSS JOIN unnest($1::bytea[]) WITH ORDINALITY AS given (hash, n)
	JOIN api_keys k ON k.hash = given.hash
	JOIN users u ON u.id = k.user_id
	JOIN credit_balances b ON b.user_id = k.user_id
	LEFT JOIN (subscriptions s JOIN subscription_items i ON i.subscription_id = s.id)
		ON s.user_id = b.user_id AND s.status IN ('active', 'trialing', 'past_due')
	ORDER BY b.user_id, given.n, s.created_at DESC, s.id, i.position`

// lookUp finds what the requests are about, and locks the balances, in one
// order for all transactions.
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
	rows, err := b.tx.query(ctx, keysAndBalances+` FOR UPDATE OF b`, byteaArray(b.hashes), b.now)
	if err != nil {
		return fmt.Errorf("look up %d API keys: %w", len(b.hashes), err)
	}
	found, err := scanKeys(rows, len(b.hashes))
	if err != nil {
		return err
	}
	for i := range found {
		if err := b.take(&found[i]); err != nil {
			return err
		}
	}
	return nil
}

// findKeys finds what is known of keys without a lock: all of it at one moment.
func (s *Store) findKeys(ctx context.Context, hashes [][]byte, now time.Time) ([]foundKey, error) {
	rows, err := s.hot.query(ctx, keysAndBalances, byteaArray(hashes), now)
	if err != nil {
		return nil, fmt.Errorf("look up %d API keys: %w", len(hashes), err)
	}
	return scanKeys(rows, len(hashes))
}

// foundKey is a key that lookUp found, with its user's credits and
// subscriptions.
type foundKey struct {
	n           int // its number among those asked for, from 1
	key         billing.APIKey
	version     int64 // its owner's access_version
	purse       purse
	due, refill sql.NullBool
	at          time.Time // by Postgres's clock
	user        billing.Requester
}

// scanKeys reads the rows of lookUp. Those of one key, which has several when
// its user's subscriptions have several items, follow each other.
func scanKeys(rows *sql.Rows, most int) ([]foundKey, error) {
	defer rows.Close()
	found := make([]foundKey, 0, most)
	for rows.Next() {
		var f foundKey
		var item requesterRow
		var expires, revoked sql.NullTime
		err := rows.Scan(&f.n, &f.key.ID, &f.key.Hash, &f.key.Prefix, &expires, &revoked, &f.key.UserID, &f.version,
			&f.purse.balance, &f.purse.held, &f.due, &f.refill, &f.at,
			&item.ID, &item.Status, &item.PastDueSince, &item.CreatedAt, &item.PriceID, &item.LookupKey, &item.Plan)
		if err != nil {
			return nil, fmt.Errorf("look up %d API keys: %w", most, err)
		}
		f.key.ExpiresAt, f.key.RevokedAt = expires.Time, revoked.Time
		if last := len(found) - 1; last < 0 || found[last].n != f.n {
			found = append(found, f)
		}
		item.addTo(&found[len(found)-1].user)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look up %d API keys: %w", most, err)
	}
	return found, nil
}

// known is what may be remembered of the key. It must have been found without a
// lock: behind one, version may be newer than the rest.
func (f *foundKey) known(catalog billing.Catalog, now time.Time) (*knownKey, error) {
	owner, err := uuidOf(f.key.UserID)
	if err != nil {
		return nil, fmt.Errorf("look up API keys: %w", err)
	}
	plan := billing.Access(catalog, f.user.Subscriptions, now).Plan
	k := &knownKey{
		id: f.key.ID, hash: keyHash(f.key.Hash), prefix: f.key.Prefix, expires: f.key.ExpiresAt,
		owner: owner, version: f.version, plan: &plan,
	}
	for i := range catalog.Plans {
		if catalog.Plans[i].Name == plan.Name {
			k.plan = &catalog.Plans[i]
		}
	}
	for _, sub := range f.user.Subscriptions {
		if end := sub.GaveUntil(); sub.Status == billing.PastDue && end.After(now) && (k.until.IsZero() || end.Before(k.until)) {
			k.until = end
		}
	}
	return k, nil
}

// take takes in what lookUp found.
func (b *creditBatch) take(f *foundKey) error {
	key := creditKey{APIKey: f.key}
	if key.err = f.key.Verify(b.hashes[f.n-1], b.now); key.err == nil {
		var err error
		if key.purse, err = b.open(f); err != nil {
			return err
		}
	}
	b.keys[f.n-1] = key
	return nil
}

// open returns the purse of a key's user, one for all of their keys.
func (b *creditBatch) open(f *foundKey) (_ *purse, err error) {
	if known := b.purses[f.key.UserID]; known != nil {
		return known, nil
	}
	p := &f.purse
	if p.id, err = uuidOf(f.key.UserID); err != nil {
		return nil, fmt.Errorf("look up API keys: %w", err)
	}
	p.plan = billing.Access(b.catalog, f.user.Subscriptions, b.now).Plan
	p.due = f.due.Bool || f.refill.Bool && p.plan.Free()
	p.userID, p.heldBefore = f.key.UserID, p.held
	b.purses[p.userID] = p
	return p, nil
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
