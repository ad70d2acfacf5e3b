package main

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, nil) }

// servedTextbook is the textbook over a database of the test's own, and its address.
func servedTextbook(t *testing.T) (*system, string) {
	t.Helper()
	ctx, dsn := context.Background(), testkit.Postgres(t)
	db, err := openDatabase(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := textbookOver(db, 10)
	if err := s.seed(ctx, textbookSeeds()); err != nil {
		t.Fatal(err)
	}
	book, err := newTextbook(ctx, dsn, webhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.db.Close() })
	server := httptest.NewServer(book)
	t.Cleanup(server.Close)
	return s, server.Listener.Addr().String()
}
