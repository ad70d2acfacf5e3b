package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

// Parse reads and checks a plans file. The error is of type Mistakes.
func Parse(data []byte) (billing.Catalog, error) {
	var r reader
	root, ok := r.decode(data)
	if !ok {
		return billing.Catalog{}, r.mistakes
	}
	c := r.catalog(root)
	r.mistakes = append(r.mistakes, validate(c)...)
	if len(r.mistakes) > 0 {
		return billing.Catalog{}, r.mistakes
	}
	return c, nil
}

// reader takes the JSON apart by hand instead of into structs, because
// encoding/json stops at the first unknown field or wrong type, and whoever
// edits the file wants to hear of all of them.
type reader struct{ mistakes Mistakes }

func (r *reader) addf(format string, args ...any) {
	r.mistakes = append(r.mistakes, fmt.Sprintf(format, args...))
}

func (r *reader) decode(data []byte) (object, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		r.addf("This is not JSON: %s.", explain(err, data))
		return object{}, false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		r.addf("Something stands after the end of the JSON object.")
		return object{}, false
	}
	m, ok := v.(map[string]any)
	if !ok {
		r.addf("The file has to hold one JSON object, in { }.")
	}
	return object{r, "The file", m}, ok
}

func explain(err error, data []byte) string {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		before := data[:min(int(syntax.Offset), len(data))]
		line := bytes.Count(before, []byte("\n")) + 1
		column := len(before) - (bytes.LastIndexByte(before, '\n') + 1)
		return fmt.Sprintf("line %d, column %d: %s", line, max(column, 1), syntax.Error())
	case errors.Is(err, io.EOF):
		return "the file is empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the file ends in the middle"
	}
	return err.Error()
}

func (r *reader) catalog(root object) billing.Catalog {
	root.only("product", "plans")
	var c billing.Catalog
	if product, ok := root.object("product", "The product"); ok {
		product.only("name", "tagline", "support_email", "accent")
		c.Product = billing.Product{
			Name:         product.text("name", required),
			Tagline:      product.text("tagline", optional),
			SupportEmail: product.text("support_email", required),
			Accent:       product.text("accent", optional),
		}
		if c.Product.Accent == "" {
			c.Product.Accent = defaultAccent
		}
	}
	for i, v := range root.list("plans", required) {
		name := fmt.Sprintf("Plan number %d", i+1)
		m, ok := v.(map[string]any)
		if !ok {
			r.addf("%s has to be an object, in { }.", name)
			continue
		}
		if s, ok := m["name"].(string); ok && strings.TrimSpace(s) != "" {
			name = "The plan " + strings.TrimSpace(s)
		}
		c.Plans = append(c.Plans, plan(object{r, name, m}))
	}
	return c
}

func plan(o object) billing.Plan {
	o.only("name", "description", "features", "credits", "requests_per_minute", "prices")
	p := billing.Plan{Name: o.text("name", required), Description: o.text("description", optional)}
	p.RequestsPerMinute = o.limit("requests_per_minute")
	for i, v := range o.list("features", optional) {
		s, ok := v.(string)
		if !ok || strings.TrimSpace(s) == "" {
			o.addf("feature number %d has to be a text, in quotes", i+1)
			continue
		}
		p.Features = append(p.Features, strings.TrimSpace(s))
	}
	if credits, ok := o.object("credits", o.name+": its credits"); ok {
		credits.only("amount", "every", "rollover", "low_balance")
		p.Credits = credits.number("amount", required)
		p.Every = billing.Refill(credits.text("every", required))
		p.Rollover = credits.flag("rollover")
		p.LowBalance = credits.numberOr("low_balance", min(max(p.Credits, 0), billing.MaxCredits)/lowBalanceShare)
	}
	for i, v := range o.list("prices", optional) {
		where := fmt.Sprintf("%s: price number %d", o.name, i+1)
		m, ok := v.(map[string]any)
		if !ok {
			o.addf("price number %d has to be an object, in { }", i+1)
			continue
		}
		price := price(object{o.r, where, m})
		price.Plan = p.Name
		p.Prices = append(p.Prices, price)
	}
	return p
}

func price(o object) billing.Price {
	o.only("amount", "currency", "interval", "trial_days")
	return billing.Price{
		Money:     billing.Money{Amount: o.number("amount", required), Currency: o.text("currency", required)},
		Interval:  billing.Interval(o.text("interval", required)),
		TrialDays: o.number("trial_days", optional),
	}
}

type need bool

const (
	required need = true
	optional need = false
)

// object is a JSON object with the name by which mistakes in it are told.
type object struct {
	r      *reader
	name   string
	fields map[string]any
}

func (o object) addf(format string, args ...any) {
	o.r.addf("%s: %s.", o.name, fmt.Sprintf(format, args...))
}

func (o object) only(known ...string) {
	for _, name := range sortedKeys(o.fields) {
		if !slices.Contains(known, name) {
			o.addf("there is no field %q; the fields are %s", name, strings.Join(known, ", "))
		}
	}
}

// value returns the field, or false when it is absent or null.
func (o object) value(field string, n need) (any, bool) {
	v := o.fields[field]
	if v == nil && n == required {
		o.addf("%q is missing", field)
	}
	return v, v != nil
}

func (o object) text(field string, n need) string {
	v, ok := o.value(field, n)
	if !ok {
		return ""
	}
	s, isText := v.(string)
	if !isText {
		o.addf("%q has to be a text, in quotes", field)
		return ""
	}
	s = strings.TrimSpace(s)
	if s == "" && n == required {
		o.addf("%q is empty", field)
	}
	return s
}

// unread stands for a number that has been complained about already.
const unread = math.MinInt64

func (o object) number(field string, n need) int64 {
	if _, ok := o.value(field, n); !ok && n == required {
		return unread
	}
	return o.numberOr(field, 0)
}

// numberOr returns the number, or what counts when the field is absent.
func (o object) numberOr(field string, absent int64) int64 {
	v, ok := o.value(field, optional)
	if !ok {
		return absent
	}
	if number, isNumber := v.(json.Number); isNumber {
		if i, err := number.Int64(); err == nil {
			return i
		}
	}
	o.addf("%q has to be a whole number, without quotes", field)
	return unread
}

// limit returns a number of at least one, or zero when the field is absent:
// then there is no limit, which a zero in the file would not say for sure.
func (o object) limit(field string) int64 {
	n := o.numberOr(field, 0)
	if n <= 0 && n != unread && o.fields[field] != nil {
		o.addf("%q has to be 1 or more, not %d; without the field there is no limit", field, n)
	}
	return n
}

func (o object) flag(field string) bool {
	v, ok := o.value(field, optional)
	if !ok {
		return false
	}
	b, isBool := v.(bool)
	if !isBool {
		o.addf("%q has to be true or false, without quotes", field)
	}
	return b
}

func (o object) list(field string, n need) []any {
	v, ok := o.value(field, n)
	if !ok {
		return nil
	}
	list, isList := v.([]any)
	if !isList {
		o.addf("%q has to be a list, in [ ]", field)
	}
	return list
}

func (o object) object(field, name string) (object, bool) {
	v, ok := o.value(field, required)
	if !ok {
		return object{}, false
	}
	m, isObject := v.(map[string]any)
	if !isObject {
		o.addf("%q has to be an object, in { }", field)
	}
	return object{o.r, name, m}, isObject
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
