package engine

import (
	"iter"
	"reflect"
	"slices"
	"sync"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// ownerFields are the fields that name what an object belongs to, in the order that leads to its customer.
var ownerFields = []string{"Customer", "Invoice", "Subscription", "PaymentIntent", "SetupIntent", "Charge", "Product", "TestClock"}

// owners are the ids of what an object belongs to: its customer, invoice, subscription and so on.
func owners(obj any) []string {
	v := reflect.Indirect(reflect.ValueOf(obj))
	if !v.IsValid() {
		return nil
	}
	var ids []string
	for _, i := range ownerPlaces(v.Type()) {
		if id := v.Field(i).String(); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

var knownPlaces sync.Map // reflect.Type → []int

// ownerPlaces are where a type has its owner fields.
func ownerPlaces(t reflect.Type) []int {
	if known, ok := knownPlaces.Load(t); ok {
		return known.([]int)
	}
	var places []int
	for _, name := range ownerFields {
		if t.Kind() != reflect.Struct {
			break
		}
		if f, ok := t.FieldByName(name); ok && f.Type.Kind() == reflect.String && len(f.Index) == 1 {
			places = append(places, f.Index[0])
		}
	}
	knownPlaces.Store(t, places)
	return places
}

// index notes what a row belongs to. It is called when a row is added and whenever something is told of it: what a
// row belongs to may come later, as with a Checkout Session's customer.
func (t *table[T]) index(id string) {
	if t.owned == nil {
		t.owned = map[string][]string{}
	}
	older := func(a, b string) int { return t.places[a] - t.places[b] }
	for _, owner := range owners(t.rows[id]) {
		ids := t.owned[owner]
		if at, known := slices.BinarySearchFunc(ids, id, older); !known {
			t.owned[owner] = slices.Insert(ids, at, id)
		}
	}
}

// reindex is for objects whose owners may come after they were added.
func (tx *Tx) reindex(obj any) {
	switch o := obj.(type) {
	case *shape.Session:
		tx.Sessions.index(o.ID)
	case *shape.PaymentIntent:
		tx.PaymentIntents.index(o.ID)
	case *shape.PaymentMethod:
		tx.PaymentMethods.index(o.ID)
	}
}

// of yields the rows that belong to an object, oldest first.
func (t *table[T]) of(owner string) iter.Seq2[string, *T] {
	return t.still(owner, slices.Values(slices.Clone(t.owned[owner])))
}

// newestOf yields the rows that belong to the first object that is named, newest first; all rows when none is.
func (t *table[T]) newestOf(named ...string) iter.Seq2[string, *T] {
	for _, owner := range named {
		if owner != "" {
			ids := slices.Clone(t.owned[owner])
			slices.Reverse(ids)
			return t.still(owner, slices.Values(ids))
		}
	}
	return t.newest()
}

// still leaves out rows that are gone, or belong to somebody else by now.
func (t *table[T]) still(owner string, ids iter.Seq[string]) iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for id := range ids {
			row := t.get(id)
			if row != nil && slices.Contains(owners(row), owner) && !yield(id, row) {
				return
			}
		}
	}
}
