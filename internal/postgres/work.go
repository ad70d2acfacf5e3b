package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// errNoOrder says that a charge paid for an order that is not here yet.
var errNoOrder = errors.New("its Checkout Session has not come yet")

// WriteWorks writes what objects' states mean, and marks the events that told
// of them processed, in one transaction. Objects that could not be written are
// left out, with their events, and named with the reason: billing.ErrStale when
// the row is no longer at the version that the change was made over, or what it
// waits for. With an error nothing at all was written; it is billing.ErrFenced
// when one of the events is held by somebody else by now, billing.ErrRefused
// when one of the rows breaks the database's rules.
func (s *Store) WriteWorks(ctx context.Context, works []billing.Work) (leftOut map[billing.ObjectRef]error, err error) {
	w := &workWriter{works: slices.Clone(works), leftOut: map[billing.ObjectRef]error{}}
	slices.SortStableFunc(w.works, func(a, b billing.Work) int { return cmp.Compare(a.Change.Ref.ID, b.Change.Ref.ID) })
	err = s.hotTx(ctx, func(tx *Tx) error {
		w.tx = tx
		if err := w.waitForDisk(ctx); err != nil {
			return err
		}
		return w.write(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("write %d works: %w", len(works), refused(err))
	}
	return w.leftOut, nil
}

// workWriter writes works table by table, always in the same order and each
// table in the order of its keys, so that two transactions do not wait for each
// other in a circle.
type workWriter struct {
	tx      *Tx
	works   []billing.Work
	leftOut map[billing.ObjectRef]error
}

func (w *workWriter) write(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		w.lockUsers, w.customers, w.subscriptions, w.lockPayments, w.invoices, w.sessions, w.orders, w.lockBalances, w.grants,
		w.charges, w.disputes, w.mails, w.events,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lockUsers goes before changes of subscriptions, which change their users'
// access_version. A user who has one alone is waited for at its row.
func (w *workWriter) lockUsers(ctx context.Context) error {
	var users []string
	for c := range w.changes {
		if c.Subscription != nil && c.Subscription.UserID != "" {
			users = append(users, c.Subscription.UserID)
		}
	}
	if len(users) < 2 {
		return nil
	}
	_, err := w.tx.exec(ctx, `
		WITH several AS MATERIALIZED (
			SELECT user_id FROM subscriptions
			WHERE user_id = ANY($1::uuid[])
			GROUP BY user_id
			HAVING count(*) > 1
			ORDER BY user_id)
		SELECT FROM several CROSS JOIN LATERAL (
			SELECT FROM users WHERE id = several.user_id
			FOR NO KEY UPDATE) locked`, pq.StringArray(users))
	if err != nil {
		return fmt.Errorf("lock users: %w", err)
	}
	return nil
}

// waitForDisk leaves the usual wait at the commit out if events brought all of
// this. Should Postgres itself crash in the next moment, transaction and mark
// are lost together, the events are claimed again and bring the same; and what
// is committed later with the wait, such as that a mail was sent, comes after.
// https://www.postgresql.org/docs/current/wal-async-commit.html
func (w *workWriter) waitForDisk(ctx context.Context) error {
	for _, work := range w.works {
		if len(work.Events) == 0 {
			return nil
		}
	}
	if _, err := w.tx.exec(ctx, `SET LOCAL synchronous_commit = off`); err != nil {
		return fmt.Errorf("commit without waiting: %w", err)
	}
	return nil
}

// changes yields the changes that are still to be written.
func (w *workWriter) changes(yield func(billing.Change) bool) {
	for _, work := range w.works {
		if w.leftOut[work.Change.Ref] == nil && !yield(work.Change) {
			return
		}
	}
}

// each writes changes one by one, and leaves out those that are stale.
func (w *workWriter) each(write func(billing.Change) error) error {
	for c := range w.changes {
		err := write(c)
		if errors.Is(err, billing.ErrStale) || errors.Is(err, errNoOrder) {
			w.leftOut[c.Ref] = err
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keep leaves out those of the given objects that were not written.
func (w *workWriter) keep(kind billing.ObjectKind, ids, written []string) {
	for _, id := range ids {
		if !slices.Contains(written, id) {
			w.leftOut[billing.ObjectRef{Kind: kind, ID: id}] = fmt.Errorf("%s %s: %w", kind, id, billing.ErrStale)
		}
	}
}

func (w *workWriter) customers(ctx context.Context) error {
	return w.each(func(c billing.Change) error {
		if c.Customer == nil {
			return nil
		}
		return w.tx.putCustomer(ctx, *c.Customer, c.AsOf, c.Version)
	})
}

func (w *workWriter) subscriptions(ctx context.Context) error {
	var rows []subscriptionRow
	var ids []string
	for c := range w.changes {
		if c.Subscription != nil {
			rows, ids = append(rows, subscriptionRowOf(*c.Subscription, c.Version)), append(ids, c.Ref.ID)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	written, err := w.tx.putSubscriptions(ctx, rows)
	if err != nil {
		return err
	}
	w.keep(billing.SubscriptionObject, ids, written)
	var subs []billing.Subscription
	for c := range w.changes {
		if c.Subscription != nil {
			subs = append(subs, *c.Subscription)
		}
	}
	return w.tx.putItems(ctx, subs)
}

func (w *workWriter) invoices(ctx context.Context) error {
	var rows []invoiceRow
	var ids []string
	for c := range w.changes {
		if c.Invoice != nil {
			rows, ids = append(rows, invoiceRowOf(*c.Invoice, c.Version)), append(ids, c.Ref.ID)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	written, err := w.tx.putInvoices(ctx, rows)
	w.keep(billing.InvoiceObject, ids, written)
	return err
}

func (w *workWriter) sessions(ctx context.Context) error {
	return w.each(func(c billing.Change) error {
		if c.Session == nil {
			return nil
		}
		return w.tx.putSession(ctx, *c.Session, c.UserID, c.AsOf, c.Version)
	})
}

func (w *workWriter) orders(ctx context.Context) error {
	return w.each(func(c billing.Change) error {
		if c.Order == nil {
			return nil
		}
		return w.tx.putOrder(ctx, *c.Order)
	})
}

// moneyBack names the invoices and the payments of orders whose money went
// back.
func (w *workWriter) moneyBack() (invoices, payments pq.StringArray) {
	for c := range w.changes {
		for _, charge := range []*billing.Charge{c.Charge, disputed(c)} {
			if charge != nil {
				invoices, payments = append(invoices, charge.InvoiceID), append(payments, charge.PaymentIntentID)
			}
		}
	}
	return invoices, payments
}

func disputed(c billing.Change) *billing.Charge {
	if c.Dispute == nil {
		return nil
	}
	return &c.Dispute.Charge
}

// lockPayments goes before the balances: money that went back is noted on its
// invoice or order when those are held already.
func (w *workWriter) lockPayments(ctx context.Context) error {
	invoices, payments := w.moneyBack()
	if len(payments) == 0 {
		return nil
	}
	var sessions pq.StringArray
	for c := range w.changes {
		switch {
		case c.Invoice != nil:
			invoices = append(invoices, c.Ref.ID)
		case c.Order != nil:
			sessions = append(sessions, c.Order.SessionID)
		}
	}
	if _, err := w.tx.exec(ctx, `SELECT FROM invoices WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, invoices); err != nil {
		return fmt.Errorf("lock %d invoices: %w", len(invoices), err)
	}
	_, err := w.tx.exec(ctx, `
		SELECT FROM orders
		WHERE payment_intent_id = ANY($1) OR session_id = ANY($2)
		ORDER BY session_id
		FOR NO KEY UPDATE`, payments, sessions)
	if err != nil {
		return fmt.Errorf("lock orders: %w", err)
	}
	return nil
}

// lockBalances holds the balances of all who are granted something, or have it
// taken: one payment after the other would lock them in no order.
func (w *workWriter) lockBalances(ctx context.Context) error {
	invoices, payments := w.moneyBack()
	if len(payments) == 0 {
		return nil
	}
	var users pq.StringArray
	for c := range w.changes {
		if c.Grant != nil {
			users = append(users, c.Grant.UserID)
		}
	}
	_, err := w.tx.exec(ctx, `
		SELECT FROM credit_balances
		WHERE user_id = ANY(
			$1::uuid[]
			|| ARRAY(SELECT user_id FROM invoices WHERE id = ANY($2))
			|| ARRAY(SELECT user_id FROM orders WHERE payment_intent_id = ANY($3)))
		ORDER BY user_id
		FOR UPDATE`, users, invoices, payments)
	if err != nil {
		return fmt.Errorf("lock balances: %w", err)
	}
	return nil
}

func (w *workWriter) grants(ctx context.Context) error {
	var grants []billing.Grant
	for c := range w.changes {
		if c.Grant != nil {
			grants = append(grants, *c.Grant)
		}
	}
	return w.tx.grant(ctx, grants)
}

func (w *workWriter) charges(ctx context.Context) error {
	return w.each(func(c billing.Change) error {
		if c.Charge == nil {
			return nil
		}
		return w.tx.putCharge(ctx, *c.Charge)
	})
}

func (w *workWriter) disputes(ctx context.Context) error {
	return w.each(func(c billing.Change) error {
		if c.Dispute == nil {
			return nil
		}
		return w.tx.putDispute(ctx, *c.Dispute)
	})
}

func (w *workWriter) mails(ctx context.Context) error {
	var mails []billing.Mail
	for c := range w.changes {
		mails = append(mails, c.Mails...)
	}
	return w.tx.PutMails(ctx, mails)
}

func (w *workWriter) events(ctx context.Context) error {
	var events []billing.Event
	for _, work := range w.works {
		if w.leftOut[work.Change.Ref] == nil {
			events = append(events, work.Events...)
		}
	}
	return w.tx.finishEvents(ctx, events)
}
