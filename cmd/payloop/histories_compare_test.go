package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is one of Stripe's objects, or a row of ours, as JSON has it. Numbers
// are json.Number.
type object map[string]any

// at follows a path such as "price.recurring.interval". What is not there is
// nil.
func (o object) at(path string) any {
	var value any = map[string]any(o)
	for name := range strings.SplitSeq(path, ".") {
		in, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = in[name]
	}
	return value
}

// text is what stands at a path, as text; empty for null, false for nothing.
func (o object) text(path string) string {
	switch value := o.at(path).(type) {
	case nil:
		return ""
	case map[string]any: // an expanded object stands for its id
		return object(value).text("id")
	default:
		return fmt.Sprint(value)
	}
}

// number is the whole number at a path; 0 for null.
func (o object) number(path string) int64 {
	n, _ := strconv.ParseInt(o.text(path), 10, 64)
	return n
}

// each are the objects of the list at a path.
func (o object) each(path string) []object {
	list, _ := o.at(path).([]any)
	var out []object
	for _, value := range list {
		in, _ := value.(map[string]any)
		out = append(out, in)
	}
	return out
}

// decodeObject reads JSON and keeps numbers as they are written.
func decodeObject(data []byte) (object, error) {
	var o object
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return o, d.Decode(&o)
}

// table is one table of the mirror: its name, and its rows by key, each as its
// columns' values in text. Columns that are no statement about Stripe, such as
// version and as_of, are not in it.
type table struct {
	name  string
	rows  map[string]map[string]string
	loose map[string]bool // rows that the mirror may lack
	open  map[string]bool // rows that Stripe says nothing about
}

// add adds a row.
func (t *table) add(key string, row map[string]string) {
	if t.rows == nil {
		t.rows = map[string]map[string]string{}
	}
	t.rows[key] = row
}

// differences lists what of the mirror is not as Stripe has it: a sentence for
// each field of each row. The two lists hold the same tables.
func differences(stripe, mirror []table) []string {
	var out []string
	for i, want := range stripe {
		got := mirror[i]
		keys := maps.Clone(want.rows)
		if keys == nil {
			keys = map[string]map[string]string{}
		}
		maps.Copy(keys, got.rows)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if got.rows[key] == nil && want.loose[key] || want.open[key] {
				continue
			}
			out = append(out, rowDifferences(want.name+" "+key, want.rows[key], got.rows[key])...)
		}
	}
	return out
}

func rowDifferences(name string, want, got map[string]string) []string {
	switch {
	case want == nil:
		return []string{fmt.Sprintf("%s: the mirror has it, Stripe does not: %v", name, got)}
	case got == nil:
		return []string{fmt.Sprintf("%s: the mirror lacks it, Stripe has %v", name, want)}
	}
	var out []string
	for _, column := range slices.Sorted(maps.Keys(want)) {
		if value, ok := got[column]; !ok || value != want[column] {
			out = append(out, fmt.Sprintf("%s %s: Stripe has %q, the mirror %q", name, column, want[column], value))
		}
	}
	return out
}

// unixSeconds writes a time of the database as Stripe writes it, in Unix seconds;
// any other text stays.
func unixSeconds(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return strconv.FormatInt(at.Unix(), 10)
}
