-- One charge can have several disputes, and each of them is lost or won by itself: amount_disputed of an invoice or an order
-- is the sum of the lost ones. What was noted before stays, as that of a dispute without a name: the first of the same amount
-- that is seen again takes it over.
--
-- What the payment of an invoice grants is decided when it is first seen as paid (granted), by the plans of that time. Nothing
-- leaves no entry in the ledger, and must not be decided anew when the plan gives something one day. Null is not decided: the
-- invoice is not paid, or no plan of the file is on it yet. A row that is paid and has no entry was decided.

-- +goose Up
CREATE TABLE lost_disputes (
    payment    text NOT NULL, -- the key of what it granted: invoice:in_… or session:cs_…
    dispute_id text NOT NULL,
    amount     bigint NOT NULL,
    PRIMARY KEY (payment, dispute_id),
    CONSTRAINT lost_disputes_amount_positive CHECK (amount > 0)
);
INSERT INTO lost_disputes (payment, dispute_id, amount)
    SELECT 'invoice:' || id, '', amount_disputed FROM invoices WHERE amount_disputed > 0
    UNION ALL
    SELECT 'session:' || session_id, '', amount_disputed FROM orders WHERE amount_disputed > 0;

ALTER TABLE invoices ADD COLUMN granted bigint;
UPDATE invoices i SET granted = 0
    WHERE status = 'paid' AND NOT EXISTS (SELECT FROM credit_entries e WHERE e.key = 'invoice:' || i.id);

-- +goose Down
ALTER TABLE invoices DROP COLUMN granted;
DROP TABLE lost_disputes;
