package postgres

import (
	"database/sql/driver"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// byteaArray is a parameter of type bytea[] in Postgres's binary form: the
// textual one is twice as long, and both sides spend their time on hex.
// https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES
type byteaArray [][]byte

// byteaOID is the number of the type bytea in every Postgres.
const byteaOID = 17

// Value writes the header (dimensions, whether there are nulls, element type;
// length and first index), then each element behind its length.
func (a byteaArray) Value() (driver.Value, error) {
	size := 20
	for _, b := range a {
		size += 4 + len(b)
	}
	out := make([]byte, 0, size)
	for _, n := range []int{1, 0, byteaOID, len(a), 1} {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	for _, b := range a {
		out = binary.BigEndian.AppendUint32(out, uint32(len(b)))
		out = append(out, b...)
	}
	return out, nil
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
