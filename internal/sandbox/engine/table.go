package engine

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
)

// table keeps rows by id, and remembers the order they were added in and what they belong to.
type table[T any] struct {
	rows    map[string]*T
	order   []string            // oldest first
	encoded map[string][]byte   // by writeTo, of rows not touched since
	added   int                 // rows ever
	places  map[string]int      // how many were added before a row
	owned   map[string][]string // ids of the rows that belong to an object, oldest first; see of
}

func (t *table[T]) get(id string) *T { return t.rows[id] }

func (t *table[T]) add(id string, row *T) *T {
	if t.rows == nil {
		t.rows, t.places = map[string]*T{}, map[string]int{}
	}
	if _, known := t.rows[id]; !known {
		t.order = append(t.order, id)
		t.places[id] = t.added
		t.added++
	}
	t.rows[id] = row
	t.index(id)
	t.touch(id)
	return row
}

func (t *table[T]) remove(id string) {
	delete(t.rows, id)
	t.touch(id)
	t.order = slices.DeleteFunc(t.order, func(o string) bool { return o == id })
}

// all yields the rows, oldest first.
func (t *table[T]) all() iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for _, id := range t.order {
			if !yield(id, t.rows[id]) {
				return
			}
		}
	}
}

// newest yields the rows, newest first, as Stripe lists them.
func (t *table[T]) newest() iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for _, id := range slices.Backward(t.order) {
			if !yield(id, t.rows[id]) {
				return
			}
		}
	}
}

// touch says that a row changed. Only tables that are written by writeTo need to be told.
func (t *table[T]) touch(id string) { delete(t.encoded, id) }

// writeTo writes what MarshalJSON would, encoding only rows that are new or were touched.
func (t *table[T]) writeTo(b *bytes.Buffer) {
	if t.encoded == nil {
		t.encoded = map[string][]byte{}
	}
	b.WriteByte('[')
	for i, id := range t.order {
		row := t.encoded[id]
		if row == nil {
			row = encode(savedRow[T]{id, t.rows[id]})
			t.encoded[id] = row
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(row)
	}
	b.WriteByte(']')
}

type savedRow[T any] struct {
	ID  string `json:"id"`
	Row *T     `json:"row"`
}

// MarshalJSON writes the rows in order.
func (t *table[T]) MarshalJSON() ([]byte, error) {
	rows := make([]savedRow[T], 0, len(t.order))
	for id, row := range t.all() {
		rows = append(rows, savedRow[T]{id, row})
	}
	return json.Marshal(rows)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *table[T]) UnmarshalJSON(data []byte) error {
	var rows []savedRow[T]
	if err := json.Unmarshal(data, &rows); err != nil {
		return err
	}
	*t = table[T]{}
	for _, r := range rows {
		t.add(r.ID, r.Row)
	}
	return nil
}
