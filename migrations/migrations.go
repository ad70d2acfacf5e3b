// Package migrations embeds the numbered SQL that makes the schema. A file
// that has been released is never edited: the next change is the next number.
package migrations

import "embed"

// FS holds the migrations in goose's format.
//
//go:embed *.sql
var FS embed.FS
