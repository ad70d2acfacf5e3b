package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// Mirrored reads what the mirror holds of objects of a kind, by their IDs. What
// it does not hold is missing in the answer. Charges have no rows of their own:
// see MirroredCharges.
func (s *Store) Mirrored(ctx context.Context, kind billing.ObjectKind, ids []string) (map[string]billing.Mirrored, error) {
	read := map[billing.ObjectKind]func(context.Context, pq.StringArray) ([]billing.Mirrored, error){
		billing.CustomerObject:     s.mirroredCustomers,
		billing.SubscriptionObject: s.mirroredSubscriptions,
		billing.InvoiceObject:      s.mirroredInvoices,
		billing.SessionObject:      s.mirroredSessions,
	}[kind]
	if read == nil {
		return nil, fmt.Errorf("objects of kind %q have no rows", kind)
	}
	list, err := read(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read %d %ss: %w", len(ids), kind, err)
	}
	found := make(map[string]billing.Mirrored, len(list))
	for _, m := range list {
		m.Ref.Kind, m.Version.Known = kind, true
		found[m.Ref.ID] = m
	}
	return found, nil
}

// mirrorRow is what all rows of the mirror have.
type mirrorRow struct {
	ID      string
	UserID  string
	AsOf    time.Time
	Version int64
	Ended   bool
}

func (r mirrorRow) mirrored() billing.Mirrored {
	return billing.Mirrored{Change: billing.Change{
		Ref: billing.ObjectRef{ID: r.ID}, UserID: r.UserID, AsOf: r.AsOf, Version: billing.Version{N: r.Version, AsOf: r.AsOf},
	}, Ended: r.Ended}
}

func (s *Store) mirroredCustomers(ctx context.Context, ids pq.StringArray) ([]billing.Mirrored, error) {
	var rows []struct {
		mirrorRow
		Email   string
		Deleted bool
	}
	err := s.db.SelectContext(ctx, &rows, `
		SELECT k.id, t.* FROM unnest($1::text[]) AS k (id) CROSS JOIN LATERAL (
			SELECT user_id, email, deleted, as_of, version, deleted AS ended FROM stripe_customers c WHERE c.id = k.id OFFSET 0) t`, ids)
	out := make([]billing.Mirrored, len(rows))
	for i, r := range rows {
		out[i] = r.mirrored()
		out[i].Customer = &billing.Customer{ID: r.ID, UserID: r.UserID, Email: r.Email, Deleted: r.Deleted}
	}
	return out, err
}

func (s *Store) mirroredSubscriptions(ctx context.Context, ids pq.StringArray) ([]billing.Mirrored, error) {
	var rows []struct {
		mirrorRow
		Sub  billing.Subscription
		Item struct {
			ID       string
			Price    billing.PriceRef
			Quantity int64
		}
	}
	err := s.db.SelectContext(ctx, &rows, `
		SELECT k.id, t.*, COALESCE(i.id, '') AS "item.id", COALESCE(i.quantity, 0) AS "item.quantity",
			COALESCE(i.price_id, '') AS "item.price.id", COALESCE(i.lookup_key, '') AS "item.price.lookup_key",
			COALESCE(i.plan, '') AS "item.price.plan", COALESCE(i.unit_amount, 0) AS "item.price.amount",
			COALESCE(i.interval, '') AS "item.price.interval"
		FROM unnest($1::text[]) AS k (id)
		CROSS JOIN LATERAL (
			SELECT user_id, as_of, version, status IN ('canceled', 'incomplete_expired') AS ended,
				user_id AS "sub.user_id", customer_id AS "sub.customer_id", status AS "sub.status",
				period_start AS "sub.period_start", period_end AS "sub.period_end",
				cancel_at_period_end AS "sub.cancel_at_period_end", COALESCE(cancel_at, `+never+`) AS "sub.cancel_at",
				COALESCE(canceled_at, `+never+`) AS "sub.canceled_at", COALESCE(ended_at, `+never+`) AS "sub.ended_at",
				COALESCE(trial_end, `+never+`) AS "sub.trial_end", collection_paused AS "sub.collection_paused",
				latest_invoice_id AS "sub.latest_invoice_id", created_at AS "sub.created_at"
			FROM subscriptions s WHERE s.id = k.id OFFSET 0) t
		LEFT JOIN LATERAL (SELECT * FROM subscription_items i WHERE i.subscription_id = k.id OFFSET 0) i ON true
		ORDER BY k.id, i.position`, ids)
	var out []billing.Mirrored
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].Ref.ID != r.ID {
			m := r.mirrored()
			m.Subscription = &r.Sub
			m.Subscription.ID = r.ID
			out = append(out, m)
		}
		if r.Item.ID != "" {
			last := out[len(out)-1].Subscription
			last.Items = append(last.Items, billing.SubscriptionItem{ID: r.Item.ID, Price: r.Item.Price, Quantity: r.Item.Quantity})
		}
	}
	return out, err
}

func (s *Store) mirroredInvoices(ctx context.Context, ids pq.StringArray) ([]billing.Mirrored, error) {
	var rows []struct {
		mirrorRow
		Inv     billing.Invoice
		Granted *int64
	}
	err := s.db.SelectContext(ctx, &rows, `
		SELECT k.id, t.*, e.amount AS granted FROM unnest($1::text[]) AS k (id)
		CROSS JOIN LATERAL (
			SELECT user_id, as_of, version, status NOT IN ('draft', 'open') AS ended,
				user_id AS "inv.user_id", customer_id AS "inv.customer_id", subscription_id AS "inv.subscription_id",
				number AS "inv.number", status AS "inv.status", billing_reason AS "inv.billing_reason",
				total AS "inv.total.amount", currency AS "inv.total.currency", amount_paid AS "inv.amount_paid",
				amount_refunded AS "inv.amount_refunded", hosted_url AS "inv.hosted_url", pdf_url AS "inv.pdf_url",
				created_at AS "inv.created_at", COALESCE(paid_at, `+never+`) AS "inv.paid_at", granted AS "inv.granted"
			FROM invoices i WHERE i.id = k.id OFFSET 0) t
		LEFT JOIN LATERAL (SELECT amount FROM credit_entries e WHERE e.key = 'invoice:' || k.id OFFSET 0) e ON true`, ids)
	out := make([]billing.Mirrored, len(rows))
	for i, r := range rows {
		out[i] = r.mirrored()
		r.Inv.ID = r.ID
		out[i].Invoice, out[i].Grant = &r.Inv, grantOf(r.Granted)
		if out[i].Grant == nil && r.Inv.Granted != nil && *r.Inv.Granted == 0 {
			out[i].Grant = &billing.Grant{} // nothing, and so without an entry
		}
	}
	return out, err
}

// mirroredSessions reads checkouts, and the orders and grants that came of
// them. A session without a checkout is not there, whatever came of it.
func (s *Store) mirroredSessions(ctx context.Context, ids pq.StringArray) ([]billing.Mirrored, error) {
	var rows []struct {
		mirrorRow
		State   string
		Ord     *orderColumns
		Granted *int64
	}
	err := s.db.SelectContext(ctx, &rows, `
		SELECT k.id, t.*, o.*, e.amount AS granted FROM unnest($1::text[]) AS k (id)
		CROSS JOIN LATERAL (
			SELECT user_id, as_of, version, state IN ('complete', 'expired') AS ended, state
			FROM checkouts c WHERE c.session_id = k.id OFFSET 0) t
		LEFT JOIN LATERAL (
			SELECT user_id AS "ord.user_id", payment_intent_id AS "ord.payment_intent_id", plan AS "ord.plan", amount AS "ord.amount",
				currency AS "ord.currency", amount_refunded AS "ord.amount_refunded", status AS "ord.status"
			FROM orders o WHERE o.session_id = k.id OFFSET 0) o ON true
		LEFT JOIN LATERAL (SELECT amount FROM credit_entries e WHERE e.key = 'session:' || k.id OFFSET 0) e ON true`, ids)
	out := make([]billing.Mirrored, len(rows))
	for i, r := range rows {
		out[i] = r.mirrored()
		out[i].Session = &billing.CheckoutSession{ID: r.ID, Status: r.State}
		out[i].Order, out[i].Grant = r.Ord.order(r.ID), grantOf(r.Granted)
	}
	return out, err
}

// orderColumns are those of an order that may not be there.
type orderColumns struct {
	UserID          *string
	PaymentIntentID *string
	Plan            *string
	Amount          *int64
	Currency        *string
	AmountRefunded  *int64
	Status          *billing.OrderStatus
	ReceiptURL      *string
}

func (o *orderColumns) order(sessionID string) *billing.Order {
	if o == nil || o.Status == nil {
		return nil
	}
	return &billing.Order{
		SessionID: sessionID, UserID: valueOf(o.UserID), PaymentIntentID: valueOf(o.PaymentIntentID), Plan: valueOf(o.Plan), Status: *o.Status,
		Total: billing.Money{Amount: valueOf(o.Amount), Currency: valueOf(o.Currency)}, AmountRefunded: valueOf(o.AmountRefunded), ReceiptURL: valueOf(o.ReceiptURL),
	}
}

// valueOf returns the zero value for null.
func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func grantOf(amount *int64) *billing.Grant {
	if amount == nil {
		return nil
	}
	return &billing.Grant{Amount: *amount}
}

// MirroredCharges reads what the invoices and orders that charges paid for say
// of them, by the charges' IDs. A charge that paid for nothing here is missing
// in the answer.
func (s *Store) MirroredCharges(ctx context.Context, charges []billing.Charge) (map[string]billing.Mirrored, error) {
	var ids, invoices, intents pq.StringArray
	for _, c := range charges {
		ids, invoices, intents = append(ids, c.ID), append(invoices, c.InvoiceID), append(intents, c.PaymentIntentID)
	}
	var rows []struct {
		ID              string
		Payment         string // the key of what it granted
		UserID          string
		SessionID       *string
		InvoiceRefunded *int64
		InvoiceDisputed *int64
		OrderDisputed   *int64
		Ord             *orderColumns
		Granted         *int64
		Withheld        int64
		Months          int64
		TakenBack       int64
	}
	err := s.db.SelectContext(ctx, &rows, `
		SELECT k.id, g.key AS payment, COALESCE(i.user_id, o."ord.user_id") AS user_id, i.amount_refunded AS invoice_refunded, o.*,
			i.amount_disputed AS invoice_disputed, e.granted, e.withheld, e.months, t.taken_back
		FROM unnest($1::text[], $2::text[], $3::text[]) AS k (id, invoice, intent)
		LEFT JOIN LATERAL (SELECT user_id, amount_refunded, amount_disputed FROM invoices i WHERE i.id = k.invoice OFFSET 0) i ON true
		LEFT JOIN LATERAL (
			SELECT session_id, user_id AS "ord.user_id", payment_intent_id AS "ord.payment_intent_id", amount_refunded AS "ord.amount_refunded",
				status AS "ord.status", receipt_url AS "ord.receipt_url", amount_disputed AS order_disputed
			FROM orders o WHERE k.invoice = '' AND o.payment_intent_id = k.intent OFFSET 0) o ON true
		CROSS JOIN LATERAL (
			SELECT CASE WHEN k.invoice = '' THEN 'session:' || o.session_id ELSE 'invoice:' || k.invoice END AS key) g
		LEFT JOIN LATERAL (SELECT amount FROM credit_schedules s WHERE s.key = g.key OFFSET 0) s ON true
		CROSS JOIN LATERAL (
			SELECT sum(e.promised)::bigint AS granted, COALESCE(sum(e.promised - e.amount), 0)::bigint AS withheld, count(*) AS months
			FROM unnest($4::text[]) AS m (suffix) CROSS JOIN LATERAL (
				SELECT amount, CASE WHEN m.suffix = '' THEN amount ELSE COALESCE(s.amount, amount) END AS promised
				FROM credit_entries e WHERE e.key = g.key || m.suffix OFFSET 0) e) e
		CROSS JOIN LATERAL (
			SELECT COALESCE(sum(shortfall - amount), 0)::bigint AS taken_back FROM credit_entries r
			WHERE r.source = k.id AND r.source <> '' AND r.kind IN ('refund', 'dispute')) t
		WHERE i.user_id IS NOT NULL OR o.session_id IS NOT NULL`, ids, invoices, intents, pq.StringArray(billing.MonthKeys("")))
	if err != nil {
		return nil, fmt.Errorf("read %d charges: %w", len(charges), err)
	}
	var payments pq.StringArray
	for _, r := range rows {
		payments = append(payments, r.Payment)
	}
	lost, err := s.lostDisputes(ctx, payments)
	if err != nil {
		return nil, err
	}
	found := make(map[string]billing.Mirrored, len(rows))
	for _, r := range rows {
		m := billing.Mirrored{
			TakenBack: r.TakenBack + r.Withheld, Months: r.Months,
			AmountDisputed: valueOf(r.InvoiceDisputed) + valueOf(r.OrderDisputed), LostDisputes: lost[r.Payment],
		}
		m.Ref, m.UserID, m.Version.Known, m.Grant = billing.ObjectRef{Kind: billing.ChargeObject, ID: r.ID}, r.UserID, true, grantOf(r.Granted)
		if m.Order = r.Ord.order(valueOf(r.SessionID)); m.Order != nil {
			m.Charge = &billing.Charge{ID: r.ID, AmountRefunded: m.Order.AmountRefunded, ReceiptURL: m.Order.ReceiptURL}
		} else {
			m.Charge = &billing.Charge{ID: r.ID, AmountRefunded: valueOf(r.InvoiceRefunded)}
		}
		found[r.ID] = m
	}
	return found, nil
}

// liveQueries list the rows of which Stripe should know, in the order of their
// IDs. What has ended for good is left out.
var liveQueries = map[billing.ObjectKind]string{
	billing.CustomerObject: `
		SELECT id FROM stripe_customers WHERE id > $1 AND NOT deleted ORDER BY id LIMIT $2`,
	billing.SubscriptionObject: `
		SELECT id FROM subscriptions WHERE id > $1 AND status NOT IN ('canceled', 'incomplete_expired') ORDER BY id LIMIT $2`,
	billing.InvoiceObject: `
		SELECT id FROM invoices WHERE id > $1 AND status IN ('draft', 'open') ORDER BY id LIMIT $2`,
	billing.SessionObject: `
		SELECT session_id FROM checkouts WHERE session_id > $1 AND state = 'open' ORDER BY session_id LIMIT $2`,
}

// LiveIDs returns the next rows of a kind of which Stripe should know.
func (s *Store) LiveIDs(ctx context.Context, kind billing.ObjectKind, after string, limit int) ([]string, error) {
	var ids []string
	if err := s.db.SelectContext(ctx, &ids, liveQueries[kind], after, limit); err != nil {
		return nil, fmt.Errorf("live rows of %ss: %w", kind, err)
	}
	return ids, nil
}

// EventOnItsWay says whether an event about the object came after that time
// and is not worked off yet.
func (s *Store) EventOnItsWay(ctx context.Context, objectID string, after time.Time) (bool, error) {
	var waits bool
	err := s.db.GetContext(ctx, &waits, `
		SELECT EXISTS (
			SELECT FROM stripe_events
			WHERE state IN ('pending', 'running') AND received_at > $2 AND object_id = $1)`, objectID, after)
	if err != nil {
		return false, fmt.Errorf("events about %s: %w", objectID, err)
	}
	return waits, nil
}
