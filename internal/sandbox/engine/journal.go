package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// The journal is the state as lines of JSON. Each line is a unit: rows that were changed together, and the fields of
// the state that are no tables, when they changed. Lines read one after the other give the state; half a line, which a
// crash may leave at the end, is none.

// unit is one line of the journal.
type unit struct {
	Rows []rowChange                `json:"rows,omitempty"`
	Rest map[string]json.RawMessage `json:"rest,omitempty"`
}

// rowsPerLine bounds a line when the whole state is written, so that reading it back takes no more memory than needed.
const rowsPerLine = 1000

// journal is what an Engine knows of its own.
type journal struct {
	on    bool
	whole bool // the next unit must be everything: another state has taken the place of what was written
	parts parts
	rest  map[string]json.RawMessage // as written last
}

// KeepJournal has the engine note from now on what changes, for Unit and Journal to tell. The first thing to write is
// the whole.
func (e *Engine) KeepJournal() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.journal.on = true
	e.watchState()
}

// watchState begins to note what changes in a state that is new to the journal.
func (e *Engine) watchState() {
	if !e.journal.on {
		return
	}
	e.journal.whole, e.journal.parts, e.journal.rest = true, e.state.parts(), nil
	for _, t := range e.journal.parts.tables {
		t.watchWith(&e.reading)
	}
}

// markTold notes that an object changed which an event tells of, wherever its pointer came from.
func (e *Engine) markTold(obj any) {
	v := reflect.Indirect(reflect.ValueOf(obj))
	if !e.journal.on || v.Kind() != reflect.Struct || !v.FieldByName("ID").IsValid() {
		return
	}
	id := v.FieldByName("ID").String()
	for _, t := range e.journal.parts.tables {
		if t.has(id) {
			t.mark(id)
		}
	}
}

// Unit is what changed since it was last asked for, as one line with its end; nil when nothing did. covers is the
// Changed count that it brings the journal to. When whole is true a line is not enough: ask for Journal.
func (e *Engine) Unit() (line []byte, whole bool, covers uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.journal.whole {
		return nil, true, e.changed
	}
	u := unit{Rest: e.changedRest()}
	for _, name := range e.journal.parts.names {
		u.Rows = e.journal.parts.tables[name].takeChanges(name, u.Rows)
	}
	if len(u.Rows) == 0 && len(u.Rest) == 0 {
		return nil, false, e.changed
	}
	return append(encode(u), '\n'), false, e.changed
}

// Journal is everything as lines, for a file that is written anew.
func (e *Engine) Journal() (data []byte, covers uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.journal.whole, e.journal.rest = false, nil
	var rows []rowChange
	for _, name := range e.journal.parts.names {
		e.journal.parts.tables[name].forget()
		rows = e.journal.parts.tables[name].takeChanges(name, rows)
	}
	var b bytes.Buffer
	b.Write(append(encode(unit{Rest: e.changedRest()}), '\n'))
	for some := range slices.Chunk(rows, rowsPerLine) {
		b.Write(append(encode(unit{Rows: some}), '\n'))
	}
	return b.Bytes(), e.changed
}

// Rewrite has Unit ask for the whole, because it is not certain what was written.
func (e *Engine) Rewrite() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.journal.whole = true
}

func (e *Engine) changedRest() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, field := range e.journal.parts.rest {
		if now := encode(field); !bytes.Equal(now, e.journal.rest[name]) {
			out[name] = now
		}
	}
	if e.journal.rest == nil {
		e.journal.rest = map[string]json.RawMessage{}
	}
	for name, now := range out {
		e.journal.rest[name] = now
	}
	return out
}

// Replay replaces everything by what a journal tells, and puts its undelivered events into the outbox. What follows the
// last end of a line is left out; good is how many bytes were read. A journal that cannot be read changes nothing.
func (e *Engine) Replay(data []byte) (good int, err error) {
	fresh := newState(e.opts.Merchant, 0, nil)
	fresh.Account.ID = ""
	p := fresh.parts()
	for number := 1; ; number++ {
		end := bytes.IndexByte(data[good:], '\n')
		if end < 0 {
			break
		}
		if err := p.replay(data[good : good+end]); err != nil {
			return good, fmt.Errorf("line %d: %w", number, err)
		}
		good += end + 1
	}
	if fresh.Account.ID == "" {
		return good, errors.New("line 1: this is no state of a sandbox")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range p.tables {
		t.settle()
	}
	e.resume(fresh)
	e.journal.whole = false
	return good, nil
}

func (p parts) replay(line []byte) error {
	var u unit
	if err := json.Unmarshal(line, &u); err != nil {
		return err
	}
	for name, value := range u.Rest {
		field := p.rest[name]
		if field == nil {
			continue // of an older sandbox
		}
		reflect.ValueOf(field).Elem().SetZero() // what was taken out of a map stays out
		if err := json.Unmarshal(value, field); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, row := range u.Rows {
		t := p.tables[row.Table]
		if t == nil {
			continue
		}
		if err := t.replay(row); err != nil {
			return err
		}
	}
	return nil
}
