-- Events are stored before anything is done with them: the row is the receipt, the queue and the audit trail.
-- due_at is when the event may be claimed next: at once when it has just come, after a pause when it failed, when the
-- lease runs out while somebody works on it. One index therefore serves all three.
-- The payload is kept byte for byte, as it was signed.

-- +goose Up
CREATE TABLE stripe_events (
    id           text PRIMARY KEY,
    type         text NOT NULL,
    api_version  text NOT NULL,
    object_id    text NOT NULL,
    created_at   timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    payload      bytea NOT NULL,
    state        text NOT NULL DEFAULT 'pending',
    attempt      integer NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL,
    last_error   text NOT NULL DEFAULT '',
    finalized_at timestamptz,
    CONSTRAINT stripe_events_state_known CHECK (state IN ('pending', 'running', 'processed', 'failed')),
    CONSTRAINT stripe_events_running_was_claimed CHECK (state <> 'running' OR attempt > 0),
    CONSTRAINT stripe_events_final_iff_finalized CHECK ((state IN ('processed', 'failed')) = (finalized_at IS NOT NULL)),
    CONSTRAINT stripe_events_failed_says_why CHECK (state <> 'failed' OR last_error <> '')
);
CREATE INDEX stripe_events_due_idx ON stripe_events (due_at) WHERE state IN ('pending', 'running');
CREATE INDEX stripe_events_object_idx ON stripe_events (object_id, created_at);

-- +goose Down
DROP TABLE stripe_events;
