package postgres

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// versionQueries read which state of objects the mirror holds. Each key is
// looked up by itself: for a long list the planner would rather read a whole
// table. A charge has no row of its own.
var versionQueries = map[billing.ObjectKind]string{
	billing.CustomerObject: `
		SELECT k.id, t.* FROM unnest($1::text[]) AS k (id) CROSS JOIN LATERAL (
			SELECT version AS n, as_of, true AS final FROM stripe_customers c WHERE c.id = k.id OFFSET 0) t`,
	billing.SubscriptionObject: `
		SELECT k.id, t.* FROM unnest($1::text[]) AS k (id) CROSS JOIN LATERAL (
			SELECT version AS n, as_of, status <> 'incomplete' AS final FROM subscriptions s WHERE s.id = k.id OFFSET 0) t`,
	billing.InvoiceObject: `
		SELECT k.id, t.* FROM unnest($1::text[]) AS k (id) CROSS JOIN LATERAL (
			SELECT version AS n, as_of, status NOT IN ('draft', 'open') AS final FROM invoices i WHERE i.id = k.id OFFSET 0) t`,
	billing.SessionObject: `
		SELECT k.id, t.* FROM unnest($1::text[]) AS k (id) CROSS JOIN LATERAL (
			SELECT version AS n, as_of, state IN ('complete', 'expired') AS final FROM checkouts c WHERE c.session_id = k.id OFFSET 0) t`,
}

// MirrorVersions tells which states of objects the mirror holds. What it does
// not hold is missing in the answer.
func (s *Store) MirrorVersions(ctx context.Context, refs []billing.ObjectRef) (map[billing.ObjectRef]billing.Version, error) {
	ids := map[billing.ObjectKind]pq.StringArray{}
	for _, ref := range refs {
		ids[ref.Kind] = append(ids[ref.Kind], ref.ID)
	}
	versions := make(map[billing.ObjectRef]billing.Version, len(refs))
	for kind, query := range versionQueries {
		if len(ids[kind]) == 0 {
			continue
		}
		var rows []struct {
			ID string
			billing.Version
		}
		if err := s.hot.selectInto(ctx, &rows, query, ids[kind]); err != nil {
			return nil, fmt.Errorf("versions of %d %ss: %w", len(ids[kind]), kind, err)
		}
		for _, row := range rows {
			row.Known = true
			versions[billing.ObjectRef{Kind: kind, ID: row.ID}] = row.Version
		}
	}
	return versions, nil
}

// UserIDs finds whose objects are, by their owners: "" where nobody is known.
// A deleted customer still counts, because its subscriptions end after it.
func (s *Store) UserIDs(ctx context.Context, owners []billing.Owner) ([]string, error) {
	var customers, references pq.StringArray
	for _, o := range owners {
		if o.CustomerID != "" {
			customers = append(customers, o.CustomerID)
		}
		if uuidForm.MatchString(o.Reference) {
			references = append(references, o.Reference)
		}
	}
	var rows []struct{ Key, UserID string }
	err := s.hot.selectInto(ctx, &rows, `
		SELECT k.id AS key, t.user_id FROM unnest($1::text[]) AS k (id)
		CROSS JOIN LATERAL (SELECT user_id FROM stripe_customers c WHERE c.id = k.id OFFSET 0) t
		UNION ALL
		SELECT k.id AS key, t.id AS user_id FROM unnest($2::text[]) AS k (id)
		CROSS JOIN LATERAL (SELECT id FROM users u WHERE u.id = k.id::uuid OFFSET 0) t`, customers, references)
	if err != nil {
		return nil, fmt.Errorf("users of %d objects: %w", len(owners), err)
	}
	found := make(map[string]string, len(rows))
	for _, row := range rows {
		found[row.Key] = row.UserID
	}
	users := make([]string, len(owners))
	for i, o := range owners {
		if users[i] = found[o.CustomerID]; users[i] == "" {
			users[i] = found[o.Reference]
		}
	}
	return users, nil
}
