-- One-time purchases, one for each Checkout Session in payment mode that was completed.

-- +goose Up
CREATE TABLE orders (
    session_id        text PRIMARY KEY,
    user_id           uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    payment_intent_id text,
    plan              text NOT NULL,
    amount            bigint NOT NULL,
    currency          text NOT NULL,
    amount_refunded   bigint NOT NULL DEFAULT 0,
    credits           bigint NOT NULL,
    status            text NOT NULL,
    receipt_url       text NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL,
    as_of             timestamptz NOT NULL,
    CONSTRAINT orders_status_known CHECK (status IN ('pending', 'paid', 'failed', 'refunded')),
    CONSTRAINT orders_amounts_not_negative CHECK (amount >= 0 AND amount_refunded >= 0 AND credits >= 0)
);
CREATE UNIQUE INDEX orders_payment_intent_id_key ON orders (payment_intent_id);
CREATE INDEX orders_user_id_idx ON orders (user_id, created_at DESC);

-- +goose Down
DROP TABLE orders;
