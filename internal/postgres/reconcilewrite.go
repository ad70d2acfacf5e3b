package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// Repair writes what an object's state at Stripe means over the version that
// it was compared with. With correct it also sets what never changes at Stripe
// and is therefore not written again otherwise: whose it is, what it belongs
// to, what it cost; and it takes back what otherwise only grows. It returns
// billing.ErrStale when the row is no longer at that version.
func (s *Store) Repair(ctx context.Context, c billing.Change, correct bool) error {
	if correct {
		if err := s.correct(ctx, c); err != nil {
			return inTheWay(err)
		}
		c.Version.N++
	}
	leftOut, err := s.WriteWorks(ctx, []billing.Work{{Change: c}})
	if err != nil {
		return inTheWay(err)
	}
	return leftOut[c.Ref]
}

// inTheWay says in words what an operator has to decide.
func inTheWay(err error) error {
	var e *pq.Error
	if !errors.As(err, &e) {
		return err
	}
	msg := map[string]string{
		"stripe_customers_one_per_user": "Its user has another Stripe customer. Delete in Stripe's dashboard the one that is not needed.",
		"checkouts_one_open_per_user":   "Its user has another checkout open. It ends by itself within a day.",
	}[e.Constraint]
	if msg == "" {
		return err
	}
	return &billing.Error{Kind: billing.Conflict, Msg: msg, Err: err}
}

func (s *Store) correct(ctx context.Context, c billing.Change) error {
	return s.InTx(ctx, func(tx *Tx) error {
		correct := map[billing.ObjectKind]func(context.Context, billing.Change) error{
			billing.CustomerObject:     tx.correctCustomer,
			billing.SubscriptionObject: tx.correctSubscription,
			billing.InvoiceObject:      tx.correctInvoice,
			billing.SessionObject:      tx.correctOrder,
			billing.ChargeObject:       tx.correctCharge,
		}[c.Ref.Kind]
		if err := correct(ctx, c); err != nil {
			return fmt.Errorf("correct %s %s: %w", c.Ref.Kind, c.Ref.ID, err)
		}
		return nil
	})
}

func (tx *Tx) correctCustomer(ctx context.Context, c billing.Change) error {
	res, err := tx.tx.ExecContext(ctx, `
		UPDATE stripe_customers SET user_id = COALESCE($3::uuid, user_id), deleted = $4, version = version + 1
		WHERE id = $1 AND version = $2`, c.Ref.ID, c.Version.N, nullString(c.UserID), c.Customer.Deleted)
	return swapped(res, err, "customer")
}

func (tx *Tx) correctSubscription(ctx context.Context, c billing.Change) error {
	sub := c.Subscription
	res, err := tx.tx.ExecContext(ctx, `
		UPDATE subscriptions SET user_id = $3, customer_id = $4, created_at = $5, version = version + 1
		WHERE id = $1 AND version = $2`, c.Ref.ID, c.Version.N, sub.UserID, sub.CustomerID, sub.CreatedAt)
	return swapped(res, err, "subscription")
}

func (tx *Tx) correctInvoice(ctx context.Context, c billing.Change) error {
	inv := c.Invoice
	res, err := tx.tx.ExecContext(ctx, `
		UPDATE invoices SET user_id = $3, customer_id = $4, subscription_id = $5, billing_reason = $6, currency = $7, created_at = $8,
			version = version + 1
		WHERE id = $1 AND version = $2`,
		c.Ref.ID, c.Version.N, inv.UserID, inv.CustomerID, inv.SubscriptionID, inv.BillingReason, inv.Total.Currency, inv.CreatedAt)
	return swapped(res, err, "invoice")
}

// correctOrder corrects the order of a session. What was refunded is told by
// its charge.
func (tx *Tx) correctOrder(ctx context.Context, c billing.Change) error {
	res, err := tx.tx.ExecContext(ctx, `
		UPDATE checkouts SET user_id = $3, version = version + 1
		WHERE session_id = $1 AND version = $2`, c.Ref.ID, c.Version.N, c.UserID)
	if err := swapped(res, err, "session"); err != nil || c.Order == nil {
		return err
	}
	o := c.Order
	_, err = tx.tx.ExecContext(ctx, `
		UPDATE orders SET user_id = $2, plan = $3, amount = $4, currency = $5, payment_intent_id = $6,
			status = CASE WHEN status = 'refunded' AND $7 = 'paid' THEN status ELSE $7 END
		WHERE session_id = $1`, o.SessionID, o.UserID, o.Plan, o.Total.Amount, o.Total.Currency, nullString(o.PaymentIntentID), o.Status)
	if err != nil {
		return fmt.Errorf("order: %w", err)
	}
	return nil
}

// correctCharge lowers what is said to be refunded. It has no version: a
// refund's own event that comes between is found by the next reconcile.
func (tx *Tx) correctCharge(ctx context.Context, c billing.Change) error {
	ch := c.Charge
	if ch.InvoiceID != "" {
		_, err := tx.tx.ExecContext(ctx, `UPDATE invoices SET amount_refunded = $2 WHERE id = $1`, ch.InvoiceID, ch.AmountRefunded)
		return err
	}
	_, err := tx.tx.ExecContext(ctx, `
		UPDATE orders SET amount_refunded = $2::bigint,
			status = CASE WHEN status = 'refunded' AND $2::bigint < $3::bigint THEN 'paid' ELSE status END
		WHERE payment_intent_id = $1`, ch.PaymentIntentID, ch.AmountRefunded, ch.Amount)
	return err
}

// Forget ends in the mirror what Stripe does not know at all: a customer with
// its subscriptions, a subscription, an open checkout; an invoice that was not
// paid is removed, as Stripe removes drafts. It returns billing.ErrStale when
// the row is no longer at that version.
func (s *Store) Forget(ctx context.Context, ref billing.ObjectRef, over billing.Version) error {
	if ref.Kind == billing.CustomerObject {
		return s.ForgetCustomer(ctx, ref.ID)
	}
	var res sql.Result
	var err error
	switch ref.Kind {
	case billing.SubscriptionObject:
		res, err = s.db.ExecContext(ctx, `
			UPDATE subscriptions SET status = 'canceled', ended_at = $3, past_due_since = NULL, version = version + 1
			WHERE id = $1 AND version = $2`, ref.ID, over.N, s.Now())
	case billing.InvoiceObject:
		res, err = s.db.ExecContext(ctx, `
			DELETE FROM invoices WHERE id = $1 AND version = $2 AND status IN ('draft', 'open')`, ref.ID, over.N)
	case billing.SessionObject:
		res, err = s.db.ExecContext(ctx, `
			UPDATE checkouts SET state = 'expired', version = version + 1
			WHERE session_id = $1 AND version = $2 AND state = 'open'`, ref.ID, over.N)
	default:
		return fmt.Errorf("objects of kind %q have no rows", ref.Kind)
	}
	return swapped(res, err, "forget "+ref.ID)
}
