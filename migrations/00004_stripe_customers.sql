-- Which Stripe customer is which user. A user has one that is not deleted: the partial index decides when several
-- first checkouts race. Rows of deleted customers stay, because their subscriptions and invoices name them.
-- as_of is Stripe's time of the state in the row, version counts its writes: every mirror table has both.

-- +goose Up
CREATE TABLE stripe_customers (
    id         text PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    email      text NOT NULL DEFAULT '',
    deleted    boolean NOT NULL DEFAULT false,
    as_of      timestamptz NOT NULL,
    version    bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX stripe_customers_one_per_user ON stripe_customers (user_id) WHERE NOT deleted;
CREATE INDEX stripe_customers_user_id_idx ON stripe_customers (user_id);

-- +goose Down
DROP TABLE stripe_customers;
