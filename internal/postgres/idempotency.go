package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// idempotencyID names an Idempotency-Key: each user has their own.
type idempotencyID struct{ userID, key string }

// keptAnswer is what was answered under an Idempotency-Key.
type keptAnswer struct {
	idempotencyID
	fingerprint []byte
	sent        billing.SentAnswer
}

// lookUpAnswers finds what was answered under the batch's keys. It reads after
// the balances are locked, so it sees what other replicas answered last.
func (b *creditBatch) lookUpAnswers(ctx context.Context) error {
	var users, keys pq.StringArray
	for _, r := range b.requests {
		if key := b.keys[b.byHash[string(r.KeyHash)]]; r.Idempotency != nil && key.err == nil {
			users, keys = append(users, key.UserID), append(keys, r.Idempotency.Key)
		}
	}
	b.known = map[idempotencyID]keptAnswer{}
	if len(keys) == 0 {
		return nil
	}
	var rows []struct {
		UserID, Key string
		Fingerprint []byte
		Status      int
		Answer      string
	}
	err := b.tx.selectInto(ctx, &rows, `
		SELECT i.user_id, i.key, i.fingerprint, i.status, i.answer
		FROM unnest($1::uuid[], $2::text[]) AS given (user_id, key)
		JOIN idempotency_keys i ON i.user_id = given.user_id AND i.key = given.key
		WHERE i.created_at > $3`, users, keys, b.now.Add(-billing.IdempotencyLifetime))
	if err != nil {
		return fmt.Errorf("look up %d Idempotency-Keys: %w", len(keys), err)
	}
	for _, row := range rows {
		id := idempotencyID{row.UserID, row.Key}
		b.known[id] = keptAnswer{id, row.Fingerprint, billing.SentAnswer{Status: row.Status, Body: row.Answer}}
	}
	return nil
}

// writeAnswers keeps answers for whoever asks again. What is there under the
// same key is older than a day.
func (b *creditBatch) writeAnswers(ctx context.Context) error {
	if len(b.keep) == 0 {
		return nil
	}
	var users, keys, answers pq.StringArray
	var fingerprints byteaArray
	var statuses pq.Int64Array
	for _, k := range b.keep {
		users, keys, answers = append(users, k.userID), append(keys, k.key), append(answers, k.sent.Body)
		fingerprints, statuses = append(fingerprints, k.fingerprint), append(statuses, int64(k.sent.Status))
	}
	_, err := b.tx.exec(ctx, `
		INSERT INTO idempotency_keys (user_id, key, fingerprint, status, answer, created_at)
		SELECT user_id, key, fingerprint, status, answer, $6
		FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::integer[], $5::text[])
			AS r (user_id, key, fingerprint, status, answer)
		ON CONFLICT (user_id, key) DO UPDATE SET
			fingerprint = EXCLUDED.fingerprint, status = EXCLUDED.status, answer = EXCLUDED.answer, created_at = EXCLUDED.created_at`,
		users, keys, fingerprints, statuses, answers, b.now)
	if err != nil {
		return fmt.Errorf("keep %d answers: %w", len(b.keep), err)
	}
	return nil
}

// DeleteIdempotencyKeys forgets answers that were given before a time, some
// thousands at once so that no transaction becomes long.
func (s *Store) DeleteIdempotencyKeys(ctx context.Context, before time.Time) (int64, error) {
	return s.deleteInPortions(ctx, "Idempotency-Keys", `
		DELETE FROM idempotency_keys
		WHERE (user_id, key) IN (SELECT user_id, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)`, before)
}

// portion is how many rows one statement of a pruning job deletes.
const portion = 5000

// deleteInPortions repeats a statement until it finds less than a portion.
func (s *Store) deleteInPortions(ctx context.Context, what, query string, before time.Time) (deleted int64, err error) {
	for {
		n, err := changed(s.db.ExecContext(ctx, query, before, portion))
		deleted += n
		if err != nil {
			return deleted, fmt.Errorf("delete %s: %w", what, err)
		}
		if n < portion {
			return deleted, nil
		}
	}
}
