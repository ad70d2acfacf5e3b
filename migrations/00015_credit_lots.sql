-- Credits that expire lie in lots: how much is left of a grant, and until when. A spend does not touch them: what is drawn
-- is charged to the lots, those that expire first first, when the user's credits are next settled. Credits in no lot never
-- expire. A lot of the free plan ends with its next refill (with_refill): whoever has a paid plan meanwhile keeps it.
--
-- A yearly invoice grants one month at once and the others from its schedule: month is the one to come, next_at when it
-- comes; null: all were granted, or the rest never will be. Rows stay, so that an old event does not begin anew.
--
-- A lost dispute takes money back as a refund does, and both together no more than was paid: the invoice and the order
-- remember each.

-- +goose Up
CREATE TABLE credit_lots (
    user_id     uuid NOT NULL REFERENCES credit_balances ON DELETE CASCADE,
    key         text NOT NULL,
    rest        bigint NOT NULL,
    expires_at  timestamptz NOT NULL,
    with_refill boolean NOT NULL,
    PRIMARY KEY (user_id, key),
    CONSTRAINT credit_lots_have_a_rest CHECK (rest > 0)
);

CREATE TABLE credit_schedules (
    key             text PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES credit_balances ON DELETE CASCADE,
    invoice_id      text NOT NULL,
    subscription_id text NOT NULL,
    amount          bigint NOT NULL,
    expires         boolean NOT NULL,
    anchor          timestamptz NOT NULL,
    since           timestamptz NOT NULL,
    until           timestamptz NOT NULL,
    month           integer NOT NULL,
    next_at         timestamptz,
    CONSTRAINT credit_schedules_amount_positive CHECK (amount > 0),
    CONSTRAINT credit_schedules_a_year CHECK (month BETWEEN 2 AND 13)
);
CREATE INDEX credit_schedules_open_idx ON credit_schedules (user_id) WHERE next_at IS NOT NULL;

CREATE INDEX credit_reservations_ended_at_idx ON credit_reservations (ended_at) WHERE ended_at IS NOT NULL;

ALTER TABLE invoices ADD COLUMN amount_disputed bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT invoices_dispute_not_negative CHECK (amount_disputed >= 0);
ALTER TABLE orders ADD COLUMN amount_disputed bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT orders_dispute_not_negative CHECK (amount_disputed >= 0);

-- +goose Down
ALTER TABLE orders DROP COLUMN amount_disputed;
ALTER TABLE invoices DROP COLUMN amount_disputed;
DROP INDEX credit_reservations_ended_at_idx;
DROP TABLE credit_schedules;
DROP TABLE credit_lots;
