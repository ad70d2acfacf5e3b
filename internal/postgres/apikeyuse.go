package postgres

import (
	"context"
	"fmt"
	"time"
)

// SetAPIKeysUsed notes when keys were last used, by their IDs. A later time
// that another replica has written stays. The rows are locked in order, so that
// replicas that write at once wait for each other and do not deadlock.
func (s *Store) SetAPIKeysUsed(ctx context.Context, used map[int64]time.Time) error {
	type use struct {
		ID int64     `json:"id"`
		At time.Time `json:"at"`
	}
	uses := make([]use, 0, len(used))
	for id, at := range used {
		uses = append(uses, use{id, at})
	}
	_, err := s.hot.exec(ctx, `
		WITH uses AS MATERIALIZED (
			SELECT k.id, r.at
			FROM json_to_recordset($1) AS r (id bigint, at timestamptz)
			JOIN api_keys k ON k.id = r.id
			WHERE k.last_used_at IS NULL OR k.last_used_at < r.at
			ORDER BY k.id
			FOR NO KEY UPDATE OF k)
		UPDATE api_keys k SET last_used_at = uses.at
		FROM uses
		WHERE k.id = uses.id`, asJSON(uses))
	if err != nil {
		return fmt.Errorf("set API keys used: %w", err)
	}
	return nil
}
