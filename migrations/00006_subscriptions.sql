-- The mirror of Stripe's subscriptions and their items. Stripe does not say since when a subscription is past due; the
-- grace period needs it, so the row remembers.

-- +goose Up
CREATE TABLE subscriptions (
    id                   text PRIMARY KEY,
    user_id              uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    customer_id          text NOT NULL,
    status               text NOT NULL,
    period_start         timestamptz NOT NULL,
    period_end           timestamptz NOT NULL,
    cancel_at_period_end boolean NOT NULL,
    cancel_at            timestamptz,
    canceled_at          timestamptz,
    ended_at             timestamptz,
    trial_end            timestamptz,
    past_due_since       timestamptz,
    collection_paused    boolean NOT NULL,
    latest_invoice_id    text NOT NULL,
    created_at           timestamptz NOT NULL,
    as_of                timestamptz NOT NULL,
    version              bigint NOT NULL DEFAULT 1,
    CONSTRAINT subscriptions_past_due_since_iff_past_due CHECK ((status = 'past_due') = (past_due_since IS NOT NULL))
);
CREATE INDEX subscriptions_user_id_idx ON subscriptions (user_id);

CREATE TABLE subscription_items (
    id              text PRIMARY KEY,
    subscription_id text NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    position        integer NOT NULL,
    price_id        text NOT NULL,
    lookup_key      text NOT NULL,
    plan            text NOT NULL,
    unit_amount     bigint NOT NULL,
    interval        text NOT NULL,
    quantity        bigint NOT NULL,
    CONSTRAINT subscription_items_position_once UNIQUE (subscription_id, position)
);

-- +goose Down
DROP TABLE subscription_items;
DROP TABLE subscriptions;
