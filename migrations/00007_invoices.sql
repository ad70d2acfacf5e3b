-- The mirror of Stripe's invoices, for the account page. Amounts are in minor units of the currency.
-- amount_refunded comes from the invoice's charge: Stripe's invoice does not tell it.

-- +goose Up
CREATE TABLE invoices (
    id              text PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    customer_id     text NOT NULL,
    subscription_id text NOT NULL,
    number          text NOT NULL,
    status          text NOT NULL,
    billing_reason  text NOT NULL,
    total           bigint NOT NULL,
    currency        text NOT NULL,
    amount_paid     bigint NOT NULL,
    amount_refunded bigint NOT NULL DEFAULT 0,
    hosted_url      text NOT NULL,
    pdf_url         text NOT NULL,
    created_at      timestamptz NOT NULL,
    paid_at         timestamptz,
    as_of           timestamptz NOT NULL,
    version         bigint NOT NULL DEFAULT 1,
    CONSTRAINT invoices_refund_not_negative CHECK (amount_refunded >= 0)
);
CREATE INDEX invoices_user_id_idx ON invoices (user_id, created_at DESC);

-- +goose Down
DROP TABLE invoices;
