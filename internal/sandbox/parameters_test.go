package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stripe/stripe-mock/spec"

	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/sandbox/api"
)

// coverage says which parameters of an endpoint the sandbox takes, and which of Stripe's it refuses.
type coverage struct {
	api.Route
	Taken, Refused []string
	Unheard        []string // taken, though Stripe's schema has no such parameter
}

// coverages compares every endpoint with Stripe's published schema.
func coverages(t *testing.T) []coverage {
	t.Helper()
	var out []coverage
	for _, r := range api.Routes() {
		target := strings.ReplaceAll(r.Pattern, "{id}", "x")
		op := schemasOf("2024-06-20").operation(r.Method, target)
		if op == nil {
			op = schemasOf("2025-08-27.basil").operation(r.Method, target)
		}
		if op == nil {
			t.Errorf("%s %s: Stripe's schema has no such endpoint", r.Method, r.Pattern)
			continue
		}
		out = append(out, cover(r, op))
	}
	return out
}

func cover(r api.Route, op *spec.Operation) coverage {
	c := coverage{Route: r, Taken: r.Params()}
	slices.Sort(c.Taken)
	known := map[string]bool{}
	for name, s := range parametersOf(op) {
		c.Refused = append(c.Refused, refused(s, name, c.Taken, known)...)
	}
	slices.Sort(c.Refused)
	for _, name := range c.Taken {
		if !known[name] {
			c.Unheard = append(c.Unheard, name)
		}
	}
	return c
}

// parametersOf are an endpoint's parameters by name: those of the query, or of the form.
func parametersOf(op *spec.Operation) map[string]*spec.Schema {
	out := map[string]*spec.Schema{}
	for _, p := range op.Parameters {
		if p.In == spec.ParameterQuery {
			out[p.Name] = p.Schema
		}
	}
	if op.RequestBody != nil {
		maps.Copy(out, op.RequestBody.Content["application/x-www-form-urlencoded"].Schema.Properties)
	}
	delete(out, "expand")
	return out
}

// refused lists, of one of Stripe's parameters and what is inside it, what is not among those taken. A refused
// object stands for all that is in it. What is known to Stripe is noted by the names the sandbox writes.
func refused(s *spec.Schema, name string, taken []string, known map[string]bool) []string {
	if slices.Contains(taken, name) {
		known[name] = true
		return nil
	}
	inside, path := fieldsOf(s), name
	if elements := elementsOf(s); elements != nil && fieldsOf(elements) != nil {
		inside, path = fieldsOf(elements), name+"[]"
	}
	if !slices.ContainsFunc(taken, func(t string) bool { return strings.HasPrefix(t, path+"[") }) {
		return []string{name}
	}
	var out []string
	for child, cs := range inside {
		out = append(out, refused(cs, path+"["+child+"]", taken, known)...)
	}
	return out
}

// fieldsOf are the named fields of an object parameter; where it may have several forms, those of all.
func fieldsOf(s *spec.Schema) map[string]*spec.Schema {
	if len(s.Properties) > 0 {
		return s.Properties
	}
	var out map[string]*spec.Schema
	for _, or := range s.AnyOf {
		for name, f := range fieldsOf(or) {
			if out == nil {
				out = map[string]*spec.Schema{}
			}
			out[name] = f
		}
	}
	return out
}

func elementsOf(s *spec.Schema) *spec.Schema {
	if s.Items != nil {
		return s.Items
	}
	for _, or := range s.AnyOf {
		if e := elementsOf(or); e != nil {
			return e
		}
	}
	return nil
}

// ask sends one parameter to an endpoint, about an object that need not exist: unknown parameters are noticed first.
func ask(h http.Handler, r api.Route, key string) (int, apiError) {
	form := url.Values{key: {"1"}}.Encode()
	target := strings.ReplaceAll(r.Pattern, "{id}", "x")
	req := httptest.NewRequest(r.Method, target, strings.NewReader(form))
	if r.Method == http.MethodGet {
		req = httptest.NewRequest(r.Method, target+"?"+form, nil)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer sk_test_123")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	var out struct{ Error apiError }
	_ = json.Unmarshal(rec.Body.Bytes(), &out)
	return rec.Code, out.Error
}

type apiError struct{ Code, Param, Message string }

func TestEveryParameterOfStripesIsTakenOrRefusedByName(t *testing.T) {
	t.Parallel()
	sb := must(sandbox.New(sandbox.Options{}))
	defer sb.Close()
	for _, c := range coverages(t) {
		for _, name := range c.Refused {
			key := strings.ReplaceAll(name, "[]", "[0]")
			if status, e := ask(sb, c.Route, key); status != http.StatusBadRequest || e.Code != "parameter_unknown" || e.Param != key {
				t.Errorf("%s %s with %s: %d %+v", c.Method, c.Pattern, key, status, e)
			}
		}
		for _, name := range c.Taken {
			key := strings.ReplaceAll(name, "[]", "[0]")
			if _, e := ask(sb, c.Route, key); e.Code == "parameter_unknown" {
				t.Errorf("%s %s says it takes %s, and refuses it", c.Method, c.Pattern, key)
			}
		}
	}
}

// unlisted are parameters that Stripe takes and its published schema leaves out.
func unlisted(c coverage, name string) bool {
	return strings.HasPrefix(name, "payment_method_data[card]") || // how raw test cards are sent
		c.Pattern == "/v1/products" && name == "type" || // of 2024-06-20, gone a little later
		strings.HasPrefix(c.Pattern, "/v1/invoice_payments") // of Basil, whose parameters are not kept with its shapes
}

func TestNoParameterIsTakenThatStripeHasNot(t *testing.T) {
	t.Parallel()
	for _, c := range coverages(t) {
		for _, name := range c.Unheard {
			if !unlisted(c, name) {
				t.Errorf("%s %s takes %s, which Stripe does not know", c.Method, c.Pattern, name)
			}
		}
	}
}

// The table in the documentation is written by this test: UPDATE_DOCS=1 go test -run TestTheParameterTable ./internal/sandbox
func TestTheParameterTableIsCurrent(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "sandbox.md")
	page := must(os.ReadFile(file))
	const begin, end = "<!-- parameters: written by a test -->\n", "<!-- end of parameters -->"
	head, rest, ok := bytes.Cut(page, []byte(begin))
	_, tail, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	want := slices.Concat(head, []byte(begin), parameterTable(t), []byte(end), tail)
	if bytes.Equal(page, want) {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatalf("%s is out of date: UPDATE_DOCS=1 go test -run TestTheParameterTable ./internal/sandbox", file)
	}
	if err := os.WriteFile(file, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

func parameterTable(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("\n| endpoint | taken | refused with `parameter_unknown` |\n| --- | --- | --- |\n")
	for _, c := range coverages(t) {
		fmt.Fprintf(&b, "| `%s %s` | %s | %s |\n", c.Method, c.Pattern, names(c.Taken), names(c.Refused))
	}
	b.WriteString("\n")
	return b.Bytes()
}

func names(list []string) string {
	if len(list) == 0 {
		return "–"
	}
	return "`" + strings.Join(list, "` `") + "`"
}
