package postgres

import (
	"context"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// InvoicesByUserID returns the latest invoices, the newest first. Drafts are
// nobody's business yet.
func (s *Store) InvoicesByUserID(ctx context.Context, userID string, limit int) ([]billing.Invoice, error) {
	var invoices []billing.Invoice
	err := s.db.SelectContext(ctx, &invoices, `
		SELECT id, user_id, customer_id, subscription_id, number, status, billing_reason,
		       total AS "total.amount", currency AS "total.currency", amount_paid, amount_refunded,
		       hosted_url, pdf_url, created_at, COALESCE(paid_at, `+never+`) AS paid_at, as_of
		FROM invoices
		WHERE user_id = $1 AND status <> 'draft'
		ORDER BY created_at DESC, id
		LIMIT $2`, userID, limit)
	if err != nil {
		return nil, fmt.Errorf("invoices of user: %w", err)
	}
	return invoices, nil
}

// PutInvoice writes an invoice over the given version. What was refunded is
// told by its charge and stays.
func (tx *Tx) PutInvoice(ctx context.Context, inv billing.Invoice, v billing.Version) error {
	res, err := tx.tx.ExecContext(ctx, `
		INSERT INTO invoices AS old (id, user_id, customer_id, subscription_id, number, status, billing_reason, total,
			currency, amount_paid, hosted_url, pdf_url, created_at, paid_at, as_of)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (id) DO UPDATE SET
			number = EXCLUDED.number, status = EXCLUDED.status, total = EXCLUDED.total,
			amount_paid = EXCLUDED.amount_paid, hosted_url = EXCLUDED.hosted_url, pdf_url = EXCLUDED.pdf_url,
			paid_at = EXCLUDED.paid_at, as_of = EXCLUDED.as_of, version = old.version + 1
		WHERE old.version = $16`,
		inv.ID, inv.UserID, inv.CustomerID, inv.SubscriptionID, inv.Number, inv.Status, inv.BillingReason, inv.Total.Amount,
		inv.Total.Currency, inv.AmountPaid, inv.HostedURL, inv.PDFURL, inv.CreatedAt, nullTime(inv.PaidAt), inv.AsOf, v.N)
	return swapped(res, err, "put invoice "+inv.ID)
}

// PutInvoiceCharge notes what was refunded of the invoice's charge and takes
// the same share of its credits back. Amounts only grow, so it may run more
// than once and in any order.
func (tx *Tx) PutInvoiceCharge(ctx context.Context, c billing.Charge) error {
	if c.AmountRefunded == 0 {
		return nil
	}
	_, err := tx.tx.ExecContext(ctx, `
		UPDATE invoices SET amount_refunded = GREATEST(amount_refunded, $2)
		WHERE id = $1`, c.InvoiceID, c.AmountRefunded)
	if err != nil {
		return fmt.Errorf("refund on invoice %s: %w", c.InvoiceID, err)
	}
	return tx.takeBack(ctx, billing.InvoiceKey(c.InvoiceID), c)
}
