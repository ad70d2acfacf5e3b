package engine

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Kind is one kind of object, for the dashboard.
type Kind struct {
	Name  string
	Count int
}

// Object is one object, for the dashboard.
type Object struct {
	ID   string
	Kind string
	JSON string
}

// shelf is a table whose rows' type does not matter.
type shelf interface {
	size() int
	recent(n int) []string
	row(id string) any
}

func (t *table[T]) size() int { return len(t.order) }

// recent are the ids added last, newest first.
func (t *table[T]) recent(n int) []string {
	ids := slices.Clone(t.order[max(0, len(t.order)-n):])
	slices.Reverse(ids)
	return ids
}

func (t *table[T]) row(id string) any {
	if row := t.get(id); row != nil {
		return row
	}
	return nil
}

// shelves are the tables the dashboard shows, in its order.
func (tx *Tx) shelves() ([]string, map[string]shelf) {
	return []string{
			"customers", "products", "prices", "checkout_sessions", "subscriptions", "subscription_schedules", "invoices", "payment_intents", "charges",
			"refunds", "disputes", "payment_methods", "setup_intents", "portal_configurations", "portal_sessions", "webhook_endpoints", "coupons", "promotion_codes", "test_clocks",
		}, map[string]shelf{
			"customers": &tx.Customers, "products": &tx.Products, "prices": &tx.Prices, "checkout_sessions": &tx.Sessions,
			"subscriptions": &tx.Subscriptions, "subscription_schedules": &tx.Schedules, "invoices": &tx.Invoices, "payment_intents": &tx.PaymentIntents, "charges": &tx.Charges,
			"refunds": &tx.Refunds, "disputes": &tx.Disputes, "payment_methods": &tx.PaymentMethods, "setup_intents": &tx.SetupIntents,
			"portal_configurations": &tx.PortalConfigs, "portal_sessions": &tx.PortalSessions, "webhook_endpoints": secretless{&tx.Endpoints},
			"coupons": &tx.Coupons, "promotion_codes": &tx.PromotionCodes, "test_clocks": &tx.Clocks,
		}
}

// Kinds lists the kinds of objects and how many there are.
func (tx *Tx) Kinds() []Kind {
	names, shelves := tx.shelves()
	var out []Kind
	for _, name := range names {
		out = append(out, Kind{name, shelves[name].size()})
	}
	return out
}

// Recent are the newest objects of a kind.
func (tx *Tx) Recent(kind string, n int) []Object {
	_, shelves := tx.shelves()
	s := shelves[kind]
	if s == nil {
		return nil
	}
	var out []Object
	for _, id := range s.recent(n) {
		out = append(out, Object{ID: id, Kind: kind, JSON: pretty(s.row(id))})
	}
	return out
}

// Inspect finds one object of a kind.
func (tx *Tx) Inspect(kind, id string) (Object, bool) {
	_, shelves := tx.shelves()
	s := shelves[kind]
	if s == nil || s.row(id) == nil {
		return Object{}, false
	}
	return Object{ID: id, Kind: kind, JSON: pretty(s.row(id))}, true
}

func pretty(v any) string {
	var b bytes.Buffer
	_ = json.Indent(&b, encode(v), "", "  ")
	return b.String()
}
