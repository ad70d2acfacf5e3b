package main

import (
	"context"
	"net/http/httptest"
	"os"
	"slices"
	"testing"

	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/testkit"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && slices.Contains([]string{"textbook", "textbook-spends", "ceiling"}, os.Args[1]) { // a test started this binary as a server
		main()
		return
	}
	testkit.Main(m, func(ctx context.Context, dsn string) error {
		store, err := postgres.Open(dsn)
		if err != nil {
			return err
		}
		defer store.Close()
		_, err = store.Migrate(ctx)
		return err
	})
}

// ten subscriptions are enough to be right or wrong.
const ten = 10

// servedTextbook is the textbook over tables of the test's own, beside Payloop's, and its address.
func servedTextbook(t *testing.T) (*system, string) {
	t.Helper()
	ctx, dsn := context.Background(), testkit.Postgres(t)+"&search_path=textbook"
	db, err := openDatabase(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := textbookOver(db, ten)
	if err := s.seed(ctx, append([]string{`CREATE SCHEMA textbook`}, textbookSeeds()...)); err != nil {
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
