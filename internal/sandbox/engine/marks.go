package engine

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
)

// watch says whether rows that are handed out may be changed. A Tx that only reads changes none.
type watch struct{ off bool }

// marks are the rows of a table that may have changed since the journal took its changes. Rows are changed through
// pointers in many places, so whatever was handed out counts; what the journal wrote of a row last tells whether it
// really changed. A table that nobody watches keeps none.
type marks struct {
	watch   *watch
	marked  map[string]struct{}
	written map[string]uint64 // hash of what the journal has of a row
	saved   int               // rows ever, when the journal took its changes
}

var hashSeed = maphash.MakeSeed()

func (m *marks) mark(id string) {
	if m.watch == nil || m.watch.off {
		return
	}
	if m.marked == nil {
		m.marked = map[string]struct{}{}
	}
	m.marked[id] = struct{}{}
}

func (m *marks) watchWith(w *watch) { m.watch = w }

// rowChange is one row as the journal writes it.
type rowChange struct {
	Table string          `json:"table"`
	ID    string          `json:"id"`
	Gone  bool            `json:"gone,omitempty"`
	Anew  bool            `json:"anew,omitempty"` // it was removed and added again, and so is the newest now
	Row   json.RawMessage `json:"row,omitempty"`
}

// takeChanges adds the rows that differ from what the journal has, oldest first, and from now on counts them as written.
func (t *table[T]) takeChanges(name string, out []rowChange) []rowChange {
	ids := slices.Collect(maps.Keys(t.marked))
	slices.SortFunc(ids, func(a, b string) int { return t.places[a] - t.places[b] })
	for _, id := range ids {
		hash, known := t.written[id]
		row := t.rows[id]
		if row == nil {
			if known {
				out = append(out, rowChange{Table: name, ID: id, Gone: true})
				delete(t.written, id)
			}
			continue
		}
		data := encode(stored(row))
		if now := maphash.Bytes(hashSeed, data); !known || now != hash {
			out = append(out, rowChange{Table: name, ID: id, Anew: known && t.places[id] >= t.saved, Row: data})
			t.noteWritten(id, now)
		}
	}
	clear(t.marked)
	t.saved = t.added
	return out
}

func (t *table[T]) noteWritten(id string, hash uint64) {
	if t.written == nil {
		t.written = map[string]uint64{}
	}
	t.written[id] = hash
}

// forget has the next takeChanges tell of every row.
func (t *table[T]) forget() {
	t.written, t.saved = nil, 0
	for id := range t.rows {
		t.mark(id)
	}
}

// settle takes the rows there are for written.
func (t *table[T]) settle() { t.saved = t.added }

// has reports whether there is a row, without handing it out.
func (t *table[T]) has(id string) bool { return t.rows[id] != nil }

// replay does to a row what takeChanges told.
func (t *table[T]) replay(c rowChange) error {
	if c.Gone || c.Anew {
		t.remove(c.ID)
	}
	if c.Gone {
		delete(t.written, c.ID)
		return nil
	}
	row := new(T)
	if err := json.Unmarshal(c.Row, row); err != nil {
		return fmt.Errorf("%s %s: %w", c.Table, c.ID, err)
	}
	t.add(c.ID, row)
	t.noteWritten(c.ID, maphash.Bytes(hashSeed, c.Row))
	return nil
}
