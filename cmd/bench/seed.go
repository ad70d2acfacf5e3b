package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// seed fills the mirror, so that every event is about a subscription that is known, as nearly all are in production.
func (s *system) seed(ctx context.Context, statements []string) error {
	if err := seed(ctx, s.db, s.stream.subscriptions, s.stream.before(), statements); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// seed runs statements about n users, with what stands in braces filled in.
func seed(ctx context.Context, db *sql.DB, n int64, before time.Time, statements []string) error {
	fill := strings.NewReplacer(
		"{last}", fmt.Sprint(n-1), "{before}", "'"+before.UTC().Format(time.RFC3339)+"'::timestamptz",
		"{number}", fmt.Sprintf("lpad(i::text, %d, '0')", plainWidth), "{credits}", fmt.Sprint(seededCredits), "{key}", "'"+spendKeyPrefix+"'",
		"{subscription}", "'"+subscriptionPrefix+"'", "{customer}", "'"+customerPrefix+"'", "{item}", "'"+itemPrefix+"'")
	for _, statement := range statements {
		// Triggers and foreign keys are passed by: what they would see to is right here, and over a million users they take minutes.
		_, err := db.ExecContext(ctx, `BEGIN; SET LOCAL session_replication_role = replica;`+fill.Replace(statement)+`; COMMIT`)
		if err != nil {
			return fmt.Errorf("seeding: %w\n%s", err, statement)
		}
	}
	if _, err := db.ExecContext(ctx, `VACUUM (ANALYZE)`); err != nil {
		return fmt.Errorf("seeding: %w", err)
	}
	return nil
}

// payloopSeeds are users with a customer, a balance and a subscription each.
func payloopSeeds() []string {
	return []string{`
		INSERT INTO users (id, email, password_hash, created_at)
		SELECT md5('user' || i)::uuid, 'user' || i || '@example.com', 'none', {before} FROM generate_series(0, {last}) i`, `
		INSERT INTO stripe_customers (id, user_id, email, as_of)
		SELECT {customer} || {number}, md5('user' || i)::uuid, 'user' || i || '@example.com', {before} FROM generate_series(0, {last}) i`, `
		INSERT INTO credit_balances (user_id, balance, refill_at)
		SELECT md5('user' || i)::uuid, {credits}, now() + interval '7 days' FROM generate_series(0, {last}) i`, `
		INSERT INTO credit_entries (user_id, amount, kind, key, balance_after, created_at)
		SELECT md5('user' || i)::uuid, {credits}, 'plan_grant', 'invoice:in_' || i, {credits}, {before} FROM generate_series(0, {last}) i`, `
		INSERT INTO subscriptions (id, user_id, customer_id, status, period_start, period_end, cancel_at_period_end,
			collection_paused, latest_invoice_id, created_at, as_of)
		SELECT {subscription} || {number}, md5('user' || i)::uuid, {customer} || {number}, 'active', {before}, {before} + interval '1 month',
			false, false, '', {before}, {before}
		FROM generate_series(0, {last}) i`, `
		INSERT INTO subscription_items (id, subscription_id, position, price_id, lookup_key, plan, unit_amount, interval, quantity)
		SELECT {item} || {number}, {subscription} || {number}, 0, 'price_1PxBenchPayloopBasicMo', 'Basic_monthly_price', 'Basic', 500, 'month', 1
		FROM generate_series(0, {last}) i`,
	}
}

// textbookSeeds make the textbook's tables, too.
func textbookSeeds() []string {
	return []string{textbookSchema, `
		INSERT INTO subscriptions (id, customer_id, status, price_id, quantity, period_start, period_end, cancel_at_period_end,
			latest_invoice_id, as_of)
		SELECT {subscription} || {number}, {customer} || {number}, 'active', 'price_1PxBenchPayloopBasicMo', 1, {before},
			{before} + interval '1 month', false, '', {before}
		FROM generate_series(0, {last}) i`,
	}
}
