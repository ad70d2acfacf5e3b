-- One charge can have several disputes, and each of them is lost or won by itself: amount_disputed of an invoice or an order
-- is the sum of the lost ones. What was noted before stays, as that of a dispute without a name: the first of the same amount
-- that is seen again takes it over.

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

-- +goose Down
DROP TABLE lost_disputes;
