-- One row for each attempt to buy, made before Stripe is called, so that a double click, a second tab, a retry after a
-- crash all find it. Its id is the idempotency key of the Stripe call. The partial index leaves a user one open attempt:
-- the same purchase finds the same Checkout Session, another one has to expire it first.

-- +goose Up
CREATE TABLE checkouts (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    plan       text NOT NULL,
    interval   text NOT NULL,
    price_id   text NOT NULL,
    trial_days bigint NOT NULL DEFAULT 0,
    session_id text,
    url        text NOT NULL DEFAULT '',
    state      text NOT NULL DEFAULT 'creating',
    created_at timestamptz NOT NULL,
    as_of      timestamptz NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    CONSTRAINT checkouts_state_known CHECK (state IN ('creating', 'open', 'complete', 'expired')),
    CONSTRAINT checkouts_open_has_session CHECK (state NOT IN ('open', 'complete') OR session_id IS NOT NULL)
);
CREATE UNIQUE INDEX checkouts_session_id_key ON checkouts (session_id);
CREATE UNIQUE INDEX checkouts_one_open_per_user ON checkouts (user_id) WHERE state IN ('creating', 'open');

-- +goose Down
DROP TABLE checkouts;
