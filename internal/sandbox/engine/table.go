package engine

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
	"slices"
)

// table keeps rows by id, and remembers the order they were added in and what they belong to.
type table[T any] struct {
	rows   map[string]*T
	order  []string            // oldest first
	added  int                 // rows ever
	places map[string]int      // how many were added before a row
	owned  map[string][]string // ids of the rows that belong to an object, oldest first; see of

	marks // for the journal
}

// get is the row of an id. Whoever changes a row has it from here, or from add: that is how the journal knows.
func (t *table[T]) get(id string) *T {
	row := t.rows[id]
	if row != nil {
		t.mark(id)
	}
	return row
}

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
	t.mark(id)
	return row
}

func (t *table[T]) remove(id string) {
	if t.rows[id] == nil {
		return
	}
	at, _ := slices.BinarySearchFunc(t.order, t.places[id], func(o string, place int) int { return t.places[o] - place })
	if at == 0 { // the oldest go often, and cost no copying
		t.order = t.order[1:]
	} else {
		t.order = slices.Concat(t.order[:at], t.order[at+1:]) // somebody may be looking at the old one
	}
	delete(t.rows, id)
	if len(t.owned) == 0 { // otherwise the index still goes by it
		delete(t.places, id)
	}
	t.mark(id)
}

// all yields the rows, oldest first, to be looked at: whoever changes one gets it anew, or tells of it.
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

type savedRow[T any] struct {
	ID  string `json:"id"`
	Row T      `json:"row"`
}

// stored is a row as the state keeps it: some tell less of themselves when they are answered.
func stored(row any) any {
	if whole, ok := row.(interface{ Stored() any }); ok {
		return whole.Stored()
	}
	return row
}

// MarshalJSON writes the rows in order.
func (t *table[T]) MarshalJSON() ([]byte, error) {
	rows := make([]savedRow[any], 0, len(t.order))
	for id, row := range t.all() {
		rows = append(rows, savedRow[any]{id, stored(row)})
	}
	return json.Marshal(rows)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *table[T]) UnmarshalJSON(data []byte) error {
	var rows []savedRow[*T]
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) { // what older states kept in a plain map
		var plain map[string]*T
		if err := json.Unmarshal(data, &plain); err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(plain)) {
			rows = append(rows, savedRow[*T]{id, plain[id]})
		}
	} else if err := json.Unmarshal(data, &rows); err != nil {
		return err
	}
	*t = table[T]{marks: t.marks}
	for _, r := range rows {
		t.add(r.ID, r.Row)
	}
	return nil
}
