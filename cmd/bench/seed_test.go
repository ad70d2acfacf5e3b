package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

func TestPayloopsSeedsFitItsTables(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, err := openDatabase(ctx, testkit.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := payloopOver(db, payloopName, ten)
	if err := s.seed(ctx, payloopSeeds()); err != nil {
		t.Fatal(err)
	}
	if err := s.fillBatch(ctx, 0, 30); err != nil {
		t.Fatal(err)
	}
	for what, query := range map[string]string{
		"subscriptions with user, customer, balance and item": `
			SELECT count(*) FROM subscriptions s
			JOIN stripe_customers c ON c.id = s.customer_id AND c.user_id = s.user_id
			JOIN credit_balances b ON b.user_id = s.user_id
			JOIN subscription_items i ON i.subscription_id = s.id`,
		"subscriptions with three events": `
			SELECT count(*) FROM (
				SELECT FROM stripe_events e JOIN subscriptions s ON s.id = e.object_id AND s.customer_id = e.customer_id
				WHERE position(convert_to(e.id, 'UTF8') IN e.payload) > 0
				GROUP BY s.id HAVING count(*) = 3
			) AS s`,
	} {
		var n int
		if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil || n != ten {
			t.Errorf("%s: got %d, want %d (%v)", what, n, ten, err)
		}
	}
	if err := s.check(ctx); err != nil {
		t.Errorf("events that were there before: %v", err)
	}
}

func TestChildrenGetNoSettingsOfTheProduct(t *testing.T) {
	t.Setenv("STRIPE_SECRET_KEY", "sk_live_none")
	t.Setenv("GOGC", "123")
	got := fmt.Sprint(environment("LOG_LEVEL=warn"))
	for text, want := range map[string]bool{"sk_live": false, "GOGC=123": true, "LOG_LEVEL=warn": true} {
		if has := strings.Contains(got, text); has != want {
			t.Errorf("%s: %v, want %v", text, has, want)
		}
	}
}
