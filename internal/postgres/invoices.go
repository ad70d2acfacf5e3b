package postgres

import (
	"context"
	"fmt"
	"time"

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

// invoiceRow is an invoice as the table holds it.
type invoiceRow struct {
	ID             string                `json:"id"`
	UserID         string                `json:"user_id"`
	CustomerID     string                `json:"customer_id"`
	SubscriptionID string                `json:"subscription_id"`
	Number         string                `json:"number"`
	Status         billing.InvoiceStatus `json:"status"`
	BillingReason  string                `json:"billing_reason"`
	Total          int64                 `json:"total"`
	Currency       string                `json:"currency"`
	AmountPaid     int64                 `json:"amount_paid"`
	HostedURL      string                `json:"hosted_url"`
	PDFURL         string                `json:"pdf_url"`
	CreatedAt      time.Time             `json:"created_at"`
	PaidAt         *time.Time            `json:"paid_at"`
	Granted        *int64                `json:"granted"`
	AsOf           time.Time             `json:"as_of"`
	Version        int64                 `json:"version"` // the one to write
}

func invoiceRowOf(inv billing.Invoice, over billing.Version) invoiceRow {
	return invoiceRow{
		ID: inv.ID, UserID: inv.UserID, CustomerID: inv.CustomerID, SubscriptionID: inv.SubscriptionID, Number: inv.Number,
		Status: inv.Status, BillingReason: inv.BillingReason, Total: inv.Total.Amount, Currency: inv.Total.Currency,
		AmountPaid: inv.AmountPaid, HostedURL: inv.HostedURL, PDFURL: inv.PDFURL, CreatedAt: inv.CreatedAt,
		PaidAt: timeOrNull(inv.PaidAt), Granted: inv.Granted, AsOf: inv.AsOf, Version: over.N + 1,
	}
}

// putInvoices writes invoices, each over its version, and returns the IDs of
// those that were at it. What was refunded is told by the charge and stays; what
// was granted is decided once.
func (tx *Tx) putInvoices(ctx context.Context, rows []invoiceRow) (written []string, err error) {
	err = tx.selectInto(ctx, &written, `
		INSERT INTO invoices AS old (id, user_id, customer_id, subscription_id, number, status, billing_reason, total,
			currency, amount_paid, hosted_url, pdf_url, created_at, paid_at, granted, as_of, version)
		SELECT * FROM json_to_recordset($1) AS r (id text, user_id uuid, customer_id text, subscription_id text, number text,
			status text, billing_reason text, total bigint, currency text, amount_paid bigint, hosted_url text, pdf_url text,
			created_at timestamptz, paid_at timestamptz, granted bigint, as_of timestamptz, version bigint)
		ON CONFLICT (id) DO UPDATE SET
			number = EXCLUDED.number, status = EXCLUDED.status, total = EXCLUDED.total,
			amount_paid = EXCLUDED.amount_paid, hosted_url = EXCLUDED.hosted_url, pdf_url = EXCLUDED.pdf_url,
			paid_at = EXCLUDED.paid_at, granted = COALESCE(old.granted, EXCLUDED.granted), as_of = EXCLUDED.as_of, version = EXCLUDED.version
		WHERE old.version = EXCLUDED.version - 1
		RETURNING id`, asJSON(rows))
	if err != nil {
		return nil, fmt.Errorf("put %d invoices: %w", len(rows), err)
	}
	return written, nil
}

// putCharge notes what a charge says of the money for an invoice or an order.
// It returns errNoOrder when it is for an order of ours that is not here yet.
func (tx *Tx) putCharge(ctx context.Context, c billing.Charge) error {
	if c.InvoiceID != "" {
		return tx.putInvoiceCharge(ctx, c)
	}
	if c.PaymentIntentID == "" {
		return nil
	}
	found, err := tx.putOrderCharge(ctx, c)
	if err == nil && !found && c.Ours {
		return fmt.Errorf("charge %s: %w", c.ID, errNoOrder)
	}
	return err
}

// putInvoiceCharge notes what was refunded of the invoice's charge and takes
// the same share of its credits back. Amounts only grow, so it may run more
// than once and in any order.
func (tx *Tx) putInvoiceCharge(ctx context.Context, c billing.Charge) error {
	if c.AmountRefunded == 0 {
		return nil
	}
	var returned []int64
	err := tx.selectInto(ctx, &returned, `
		UPDATE invoices SET amount_refunded = GREATEST(amount_refunded, $2)
		WHERE id = $1
		RETURNING amount_refunded + amount_disputed`, c.InvoiceID, c.AmountRefunded)
	if err != nil {
		return fmt.Errorf("refund on invoice %s: %w", c.InvoiceID, err)
	}
	if len(returned) == 0 {
		return nil
	}
	return tx.takeBackRefund(ctx, billing.InvoiceKey(c.InvoiceID), c, returned[0])
}
