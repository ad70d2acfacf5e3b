//go:build !linux

package devdb

// adoptOrphans exists on Linux alone. Elsewhere process 1 is a good parent to Postgres.
func adoptOrphans() {}
