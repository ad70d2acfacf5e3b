package postgres

import (
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

// The arrays here are parameters in Postgres's binary form: the textual one is
// longer, and both sides spend their time on quotes and hex.
// https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES
type (
	byteaArray [][]byte
	textArray  []string
	int8Array  []int64
	uuidArray  []uuid
)

// uuid is a UUID's bytes.
type uuid [16]byte

// The numbers of these types in every Postgres.
const (
	byteaOID = 17
	int8OID  = 20
	textOID  = 25
	uuidOID  = 2950
)

// Value is the array as the driver sends it.
func (a byteaArray) Value() (driver.Value, error) {
	size := 0
	for _, b := range a {
		size += len(b)
	}
	out := arrayOf(byteaOID, len(a), size)
	for _, b := range a {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(b))), b...)
	}
	return out, nil
}

// Value is the array as the driver sends it.
func (a textArray) Value() (driver.Value, error) {
	size := 0
	for _, s := range a {
		size += len(s)
	}
	out := arrayOf(textOID, len(a), size)
	for _, s := range a {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(s))), s...)
	}
	return out, nil
}

// Value is the array as the driver sends it.
func (a int8Array) Value() (driver.Value, error) {
	out := arrayOf(int8OID, len(a), 8*len(a))
	for _, n := range a {
		out = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(out, 8), uint64(n))
	}
	return out, nil
}

// Value is the array as the driver sends it.
func (a uuidArray) Value() (driver.Value, error) {
	out := arrayOf(uuidOID, len(a), 16*len(a))
	for _, id := range a {
		out = append(binary.BigEndian.AppendUint32(out, 16), id[:]...)
	}
	return out, nil
}

// arrayOf begins an array: dimensions, whether there are nulls, element type;
// length and first index. The elements follow, each behind its length.
func arrayOf(oid, length, bytes int) []byte {
	out := make([]byte, 0, 20+4*length+bytes)
	for _, n := range []int{1, 0, oid, length, 1} {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return out
}

// uuidOf reads a UUID in the form that Postgres writes.
func uuidOf(s string) (id uuid, err error) {
	digits := strings.ReplaceAll(s, "-", "")
	if len(digits) != 2*len(id) {
		return id, fmt.Errorf("not a UUID: %q", s)
	}
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return id, fmt.Errorf("not a UUID: %q", s)
	}
	return id, nil
}

// rowsAsJSON is a parameter that json_to_recordset makes rows of: one parameter
// for many rows of many columns.
type rowsAsJSON struct{ rows any }

func asJSON[T any](rows []T) rowsAsJSON {
	if rows == nil {
		rows = []T{}
	}
	return rowsAsJSON{rows}
}

func (r rowsAsJSON) Value() (driver.Value, error) {
	text, err := json.Marshal(r.rows)
	if err != nil { // such as a time after the year 9999
		return nil, fmt.Errorf("rows as JSON: %w", errors.Join(billing.ErrRefused, err))
	}
	return string(text), nil
}
