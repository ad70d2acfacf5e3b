-- What the engine needs of its events. An event waits in one of two lanes: 'payload' costs the database alone, 'fetch'
-- asks Stripe, slowly, and must not hold the others up. decision and reason say what became of an event, written in
-- the transaction that marks it processed: together with the customer they are that customer's timeline.
-- forgiven are the attempts that no longer count since the operator had the event tried anew; attempt itself only grows.
-- The payload lies outside of the row, compressed: a row is written three times in its life, the payload once.
-- The operator's lists have indexes that take in finished events alone: the others are few, and the index of what is due
-- has them, so that taking in a webhook pays for two indexes.
-- fetch_pace has one row: when the next call to Stripe may be made. All replicas draw from it.

-- +goose Up
ALTER TABLE stripe_events
    ADD COLUMN customer_id text NOT NULL DEFAULT '',
    ADD COLUMN lane        text NOT NULL DEFAULT 'payload',
    ADD COLUMN decision    text NOT NULL DEFAULT '',
    ADD COLUMN reason      text NOT NULL DEFAULT '',
    ADD COLUMN forgiven    integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT stripe_events_lane_known CHECK (lane IN ('payload', 'fetch')),
    ADD CONSTRAINT stripe_events_decision_known CHECK (decision IN ('', 'payload', 'fetch', 'skip'));
ALTER TABLE stripe_events SET (toast_tuple_target = 128);
-- +goose StatementBegin
DO $$
BEGIN
    ALTER TABLE stripe_events ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL; -- a Postgres built without lz4 compresses in its own, slower way
END
$$;
-- +goose StatementEnd
DROP INDEX stripe_events_due_idx;
CREATE INDEX stripe_events_due_idx ON stripe_events (lane, due_at) WHERE state IN ('pending', 'running');
DROP INDEX stripe_events_object_idx;
CREATE INDEX stripe_events_to_fetch_idx ON stripe_events (object_id) WHERE lane = 'fetch' AND state IN ('pending', 'running');
CREATE INDEX stripe_events_customer_idx ON stripe_events (customer_id, created_at)
    WHERE customer_id <> '' AND state IN ('processed', 'failed');
CREATE INDEX stripe_events_received_idx ON stripe_events (received_at) WHERE state IN ('processed', 'failed');
CREATE INDEX stripe_events_failed_idx ON stripe_events (received_at) WHERE state = 'failed';

CREATE TABLE fetch_pace (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    next_at  timestamptz NOT NULL
);
INSERT INTO fetch_pace (next_at) VALUES ('2000-01-01 00:00:00Z');

-- +goose Down
DROP TABLE fetch_pace;
DROP INDEX stripe_events_failed_idx;
DROP INDEX stripe_events_received_idx;
DROP INDEX stripe_events_customer_idx;
DROP INDEX stripe_events_to_fetch_idx;
CREATE INDEX stripe_events_object_idx ON stripe_events (object_id, created_at);
DROP INDEX stripe_events_due_idx;
CREATE INDEX stripe_events_due_idx ON stripe_events (due_at) WHERE state IN ('pending', 'running');
ALTER TABLE stripe_events
    DROP COLUMN forgiven,
    DROP COLUMN reason,
    DROP COLUMN decision,
    DROP COLUMN lane,
    DROP COLUMN customer_id;
