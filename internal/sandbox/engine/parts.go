package engine

import "reflect"

// anyTable is a table as the journal sees it, whatever its rows are.
type anyTable interface {
	takeChanges(name string, out []rowChange) []rowChange
	replay(rowChange) error
	forget()
	settle()
	mark(id string)
	has(id string) bool
	watchWith(*watch)
}

// parts are what a state consists of: tables, and fields that are none, by the names they are saved under. A new
// table needs no more than its field in state.
type parts struct {
	names  []string // of the tables, in the order of their fields
	tables map[string]anyTable
	rest   map[string]any // pointers to the fields
}

func (s *state) parts() parts {
	p := parts{tables: map[string]anyTable{}, rest: map[string]any{}}
	p.collect(reflect.ValueOf(s).Elem())
	return p
}

func (p *parts) collect(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			p.collect(v.Field(i))
			continue
		}
		name := f.Tag.Get("journal")
		if name == "" {
			name = f.Tag.Get("json")
		}
		field := v.Field(i).Addr().Interface()
		if t, ok := field.(anyTable); ok {
			p.names, p.tables[name] = append(p.names, name), t
		} else {
			p.rest[name] = field
		}
	}
}
