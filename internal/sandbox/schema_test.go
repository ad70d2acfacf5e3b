package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/spec"
)

// openapi is Stripe's own published description of its API.
var openapi = sync.OnceValue(func() *spec.Spec {
	var s spec.Spec
	if err := json.Unmarshal(embedded.OpenAPISpec, &s); err != nil {
		panic(err)
	}
	return &s
})

// older are fields that API version 2024-06-20 sends, but which the published schema, being newer or incomplete, leaves out.
var older = []string{"plan", "quantity", "trial_period_days", "type", "source", "destination", "dispute", "order"}

// schemas are a published description of Stripe's API.
type schemas struct {
	*spec.Spec
	unlisted func(kind, field string) bool // fields that are sent all the same
}

// schemasOf is the description that an API version is checked against: of one day in Acacia, which is nearest to
// 2024-06-20, or of one day in Basil.
func schemasOf(version string) schemas {
	if strings.HasSuffix(version, ".basil") {
		return schemas{basilAPI(), func(kind, field string) bool { return slices.Contains(basilUnlisted, kind+"."+field) }}
	}
	return schemas{openapi(), func(_, field string) bool { return slices.Contains(older, field) }}
}

// checked is a handler whose every answer under /v1/ must be what the schema says.
func checked(t *testing.T, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v1/") {
			h.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
		version := rec.Header().Get("Stripe-Version")
		for _, problem := range schemasOf(version).checkAnswer(r.Method, r.URL.Path, rec.Code, rec.Body.Bytes()) {
			t.Errorf("%s %s → %d is not in Stripe's shape at %s: %s", r.Method, r.URL.Path, rec.Code, version, problem)
		}
		if strings.HasSuffix(version, ".basil") || strings.HasPrefix(r.URL.Path, "/v1/subscription_items") { // an item's period is not in its older answer
			return
		}
		for _, problem := range checkInBasil(r.Method, r.URL.Path, rec.Code, rec.Body.Bytes()) {
			t.Errorf("%s %s → %d is not in Stripe's shape when rendered in Basil: %s", r.Method, r.URL.Path, rec.Code, problem)
		}
	})
}

func (s schemas) checkAnswer(method, path string, status int, body []byte) []string {
	var answer any
	if err := json.Unmarshal(body, &answer); err != nil {
		return []string{"not JSON: " + err.Error()}
	}
	return s.checkTree(method, path, status, answer)
}

// checkTree is checkAnswer for what was read already.
func (s schemas) checkTree(method, path string, status int, answer any) []string {
	if status >= 400 {
		return s.check(s.Components.Schemas["error"], answer, "")
	}
	op := s.operation(method, path)
	if op == nil {
		return []string{"Stripe has no such endpoint"}
	}
	problems := s.check(op.Responses["200"].Content["application/json"].Schema, answer, "")
	return append(problems, checkSnapshots(answer)...)
}

// operation finds what the schema says about a URL; a path with fewer placeholders wins, as invoices/upcoming does.
func (s schemas) operation(method, path string) *spec.Operation {
	var best *spec.Operation
	fewest := 99
	parts := strings.Split(path, "/")
	for pattern, verbs := range s.Paths {
		op := verbs[spec.HTTPVerb(strings.ToLower(method))]
		want := strings.Split(string(pattern), "/")
		if op == nil || len(want) != len(parts) {
			continue
		}
		holes, same := 0, true
		for i := range want {
			if strings.HasPrefix(want[i], "{") {
				holes++
			} else if want[i] != parts[i] {
				same = false
			}
		}
		if same && holes < fewest {
			best, fewest = op, holes
		}
	}
	return best
}

// checkSnapshots checks the objects inside events, which the schema leaves open, each at its event's version.
func checkSnapshots(answer any) []string {
	m, _ := answer.(map[string]any)
	if list, ok := m["data"].([]any); ok {
		var out []string
		for _, e := range list {
			out = append(out, checkSnapshots(e)...)
		}
		return out
	}
	if m["object"] != "event" {
		return nil
	}
	obj := m["data"].(map[string]any)["object"]
	return schemasOf(fmt.Sprint(m["api_version"])).checkObject(obj, fmt.Sprint(m["type"]))
}

// checkObject checks an object against the schema of its own kind.
func (s schemas) checkObject(obj any, where string) []string {
	m, _ := obj.(map[string]any)
	schema := s.Components.Schemas[fmt.Sprint(m["object"])]
	if schema == nil {
		return []string{where + ": unknown kind of object"}
	}
	return s.check(schema, obj, where)
}

// check lists what is wrong with a value.
func (s schemas) check(sc *spec.Schema, v any, at string) []string {
	if sc.Ref != "" {
		name := sc.Ref[strings.LastIndex(sc.Ref, "/")+1:]
		return s.check(s.Components.Schemas[name], v, at)
	}
	if v == nil {
		if sc.Nullable || sc.Type == "" && len(sc.AnyOf) == 0 {
			return nil
		}
		return []string{at + ": null, but not nullable"}
	}
	if len(sc.AnyOf) > 0 {
		return s.checkAny(sc.AnyOf, v, at)
	}
	if len(sc.Enum) > 0 && !slices.Contains(sc.Enum, v) {
		return []string{fmt.Sprintf("%s: %v is not one of %v", at, v, sc.Enum)}
	}
	switch sc.Type {
	case "object":
		return s.checkFields(sc, v, at)
	case "array":
		return s.checkElements(sc, v, at)
	}
	return checkScalar(sc, v, at)
}

// checkAny passes when one of the schemas does, and else tells what the nearest one said.
func (s schemas) checkAny(any []*spec.Schema, v any, at string) []string {
	var nearest []string
	for _, sc := range any {
		problems := s.check(sc, v, at)
		if len(problems) == 0 {
			return nil
		}
		if nearest == nil || len(problems) < len(nearest) {
			nearest = problems
		}
	}
	return nearest
}

func (s schemas) checkFields(sc *spec.Schema, v any, at string) []string {
	m, ok := v.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s: %T, want an object", at, v)}
	}
	var out []string
	for _, name := range sc.Required {
		if _, ok := m[name]; !ok {
			out = append(out, at+"."+name+": missing")
		}
	}
	for name, value := range m {
		field := sc.Properties[name]
		switch {
		case field != nil:
			out = append(out, s.check(field, value, at+"."+name)...)
		case sc.AdditionalProperties != nil:
			out = append(out, s.check(sc.AdditionalProperties, value, at+"."+name)...)
		case len(sc.Properties) > 0 && !s.unlisted(kindOf(m), name):
			out = append(out, at+"."+name+": not in the schema")
		}
	}
	return out
}

func kindOf(m map[string]any) string {
	kind, _ := m["object"].(string)
	return kind
}

func (s schemas) checkElements(sc *spec.Schema, v any, at string) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{fmt.Sprintf("%s: %T, want an array", at, v)}
	}
	var out []string
	for i, e := range list {
		out = append(out, s.check(sc.Items, e, fmt.Sprintf("%s[%d]", at, i))...)
	}
	return out
}

func checkScalar(sc *spec.Schema, v any, at string) []string {
	ok := true
	switch sc.Type {
	case "string":
		text, is := v.(string)
		ok = is && (sc.MaxLength == 0 || len([]rune(text)) <= sc.MaxLength)
	case "boolean":
		_, ok = v.(bool)
	case "integer":
		n, is := v.(float64)
		ok = is && n == float64(int64(n))
	case "number":
		_, ok = v.(float64)
	}
	if !ok {
		return []string{fmt.Sprintf("%s: %v, want %s", at, v, sc.Type)}
	}
	return nil
}
