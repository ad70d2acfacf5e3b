package main

import (
	"context"
	"database/sql"
	"fmt"
	"text/tabwriter"
	"time"
)

const (
	// scanLoad is how long to look which way the queries go.
	scanLoad = 10 * time.Second
	// largeTable is the number of rows from which on a query must not read them all.
	largeTable = 1000
)

// countScans asks Postgres which large tables were read from end to end, and which by index, while a load was sent to
// Payloop at addr. That covers every query that ran, whatever its plan was meant to be.
func (b *bench) countScans(ctx context.Context, db *sql.DB, p program, send func(addr string) error) (err error) {
	db.SetMaxIdleConns(0) // so that a connection of ours ends with its statement
	if err := alone(ctx, db); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `SELECT pg_stat_reset()`); err != nil {
		return fmt.Errorf("resetting Postgres's counts: %w", err)
	}
	running, err := p.start(ctx)
	if err != nil {
		return err
	}
	err = send(running.addr)
	stopAfter(running, &err)
	if err != nil {
		return err
	}
	if err := alone(ctx, db); err != nil {
		return err
	}
	return b.printScans(ctx, db)
}

// alone waits until nobody else is connected: what a connection counted is sure to be added only when it has ended.
func alone(ctx context.Context, db *sql.DB) error {
	for {
		var others int
		err := db.QueryRowContext(ctx, `
			SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
		if err != nil {
			return fmt.Errorf("waiting for connections to end: %w", err)
		}
		if others == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

func (b *bench) printScans(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `
		SELECT c.relname, c.reltuples::bigint, t.seq_scan, COALESCE(t.idx_scan, 0)
		FROM pg_stat_user_tables t
		JOIN pg_class c ON c.oid = t.relid
		WHERE c.reltuples >= $1
		ORDER BY c.relname`, largeTable)
	if err != nil {
		return fmt.Errorf("reading Postgres's counts: %w", err)
	}
	defer rows.Close()
	fmt.Fprintf(b.out, "\nHow Payloop's queries read the large tables, within %s\n\n", scanLoad)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "table\trows\tby index\tfrom end to end\t")
	scanned := int64(0)
	for rows.Next() {
		var table string
		var size, whole, byIndex int64
		if err := rows.Scan(&table, &size, &whole, &byIndex); err != nil {
			return err
		}
		scanned += whole
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t\n", table, size, byIndex, whole)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if scanned > 0 {
		fmt.Fprintf(b.out, "\n!!! %d QUERIES READ A LARGE TABLE FROM END TO END. There must be none.\n", scanned)
	}
	return nil
}
