-- What a customer sees of the ledger costs the same however long the ledger is, and spends pay nothing for it.
--
-- No index orders entries by time, because each spend would have to write to it. A user's entries are written one after the
-- other, under the lock of their balance, so that their ids grow with time: credit_entry_since finds by halving where a time
-- begins. The order is true but for the moments between a transaction's begin, which gives an entry its time, and its lock;
-- who asks leaves a margin for those.
--
-- What a day's spends come to needs neither a sum over them nor a table of sums that somebody has to keep: each entry says
-- the balance after it, so the day spent what the balance before it, and what came in, are more than the balance after it.
-- For that, the few entries that are not spends have an index of their own.
--
-- A user's latest entries are asked for with user_id = ANY (…) ORDER BY user_id, id DESC. With user_id = … ORDER BY id DESC the
-- planner may take the primary key, for a user who has a good part of the ledger, and read all that others have written since.
--
-- A mail that warns of a low balance names the balance under which it holds: it is dropped if there is more when it is sent.

-- +goose Up
CREATE INDEX credit_entries_grants_idx ON credit_entries (user_id, id DESC) WHERE kind <> 'spend';

-- +goose StatementBegin
CREATE FUNCTION credit_entry_since(of_user uuid, since timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low    bigint;
    high   bigint; -- what is looked for lies from low to high
    middle record;
BEGIN
    SELECT id INTO low FROM credit_entries
    WHERE user_id = ANY (ARRAY[of_user]) ORDER BY user_id DESC, id LIMIT 1;
    SELECT id + 1 INTO high FROM credit_entries
    WHERE user_id = ANY (ARRAY[of_user]) ORDER BY user_id, id DESC LIMIT 1;
    WHILE low < high LOOP
        SELECT id, created_at INTO middle FROM credit_entries
        WHERE user_id = ANY (ARRAY[of_user]) AND id >= low + (high - low) / 2 ORDER BY user_id DESC, id LIMIT 1;
        IF middle.created_at < since THEN
            low := middle.id + 1;
        ELSE
            high := low + (high - low) / 2;
        END IF;
    END LOOP;
    RETURN COALESCE(low, 0);
END
$$;
-- +goose StatementEnd

ALTER TABLE outbox
    ADD COLUMN low_at bigint,
    DROP CONSTRAINT outbox_kind_known,
    DROP CONSTRAINT outbox_state_known,
    ADD CONSTRAINT outbox_kind_known CHECK (kind IN
        ('plan_started', 'trial_started', 'trial_ends', 'payment_failed', 'plan_ended', 'credits_low')),
    ADD CONSTRAINT outbox_state_known CHECK (state IN ('pending', 'sent', 'failed', 'expired', 'dropped')),
    ADD CONSTRAINT outbox_warns_of_a_balance CHECK ((kind = 'credits_low') = (low_at IS NOT NULL));

-- +goose Down
DELETE FROM outbox WHERE kind = 'credits_low';
ALTER TABLE outbox
    DROP CONSTRAINT outbox_warns_of_a_balance,
    DROP CONSTRAINT outbox_state_known,
    DROP CONSTRAINT outbox_kind_known,
    ADD CONSTRAINT outbox_kind_known CHECK (kind IN ('plan_started', 'trial_started', 'trial_ends', 'payment_failed', 'plan_ended')),
    ADD CONSTRAINT outbox_state_known CHECK (state IN ('pending', 'sent', 'failed', 'expired')),
    DROP COLUMN low_at;
DROP FUNCTION credit_entry_since;
DROP INDEX credit_entries_grants_idx;
