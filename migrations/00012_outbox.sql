-- Mails wait in a table until the mail server has taken them: a row is written in the transaction of what it tells, so
-- that there is neither a mail without its fact nor a fact without its mail. The key names the fact and is unique,
-- because several events, and several replicas, tell of one. How a mail is worded is decided when it is sent.
-- attempt counts claims, and fences off a sender that comes back after its lease.

-- +goose Up
CREATE TABLE outbox (
    key        text PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind       text NOT NULL,
    source     text NOT NULL,
    plan       text NOT NULL,
    day        timestamptz,
    created_at timestamptz NOT NULL,
    state      text NOT NULL DEFAULT 'pending',
    attempt    integer NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL,
    sent_at    timestamptz,
    last_error text NOT NULL DEFAULT '',
    CONSTRAINT outbox_kind_known CHECK (kind IN ('plan_started', 'trial_started', 'trial_ends', 'payment_failed', 'plan_ended')),
    CONSTRAINT outbox_state_known CHECK (state IN ('pending', 'sent', 'failed', 'expired')),
    CONSTRAINT outbox_sent_iff_sent_at CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX outbox_due_idx ON outbox (due_at) WHERE state = 'pending';
CREATE INDEX outbox_waiting_idx ON outbox (created_at) WHERE state = 'pending';
CREATE INDEX outbox_user_id_idx ON outbox (user_id, created_at);

-- +goose Down
DROP TABLE outbox;
