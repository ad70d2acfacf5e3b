-- How many requests with API keys a user has made in the minute that runs, counted by leases: a replica takes many requests at
-- once and hands them out from memory. The table is not logged: a lease never waits for the disk, and a crash of Postgres begins
-- new windows, no more. A row whose window is over means nothing, so it may go at any time, and outlive its user.

-- +goose Up
CREATE UNLOGGED TABLE request_windows (
    user_id uuid PRIMARY KEY,
    allowed bigint NOT NULL,      -- what the plan allows in the window
    leased  bigint NOT NULL,      -- to all replicas together
    last    bigint NOT NULL,      -- the size of the last lease
    ends_at timestamptz NOT NULL,
    CONSTRAINT request_windows_never_above_the_limit CHECK (leased BETWEEN 0 AND allowed),
    CONSTRAINT request_windows_last_is_part_of_leased CHECK (last BETWEEN 0 AND leased)
) WITH (fillfactor = 50);
CREATE INDEX request_windows_ends_at_idx ON request_windows (ends_at);

-- +goose Down
DROP TABLE request_windows;
