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
		for _, problem := range checkAnswer(r.Method, r.URL.Path, rec.Code, rec.Body.Bytes()) {
			t.Errorf("%s %s → %d is not in Stripe's shape: %s", r.Method, r.URL.Path, rec.Code, problem)
		}
	})
}

func checkAnswer(method, path string, status int, body []byte) []string {
	var answer any
	if err := json.Unmarshal(body, &answer); err != nil {
		return []string{"not JSON: " + err.Error()}
	}
	if status >= 400 {
		return check(openapi().Components.Schemas["error"], answer, "")
	}
	op := operation(method, path)
	if op == nil {
		return []string{"Stripe has no such endpoint"}
	}
	problems := check(op.Responses["200"].Content["application/json"].Schema, answer, "")
	return append(problems, checkSnapshots(answer)...)
}

// operation finds what the schema says about a URL; a path with fewer placeholders wins, as invoices/upcoming does.
func operation(method, path string) *spec.Operation {
	var best *spec.Operation
	fewest := 99
	parts := strings.Split(path, "/")
	for pattern, verbs := range openapi().Paths {
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

// checkSnapshots checks the objects inside events, which the schema leaves open.
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
	return checkObject(obj, fmt.Sprint(m["type"]))
}

// checkObject checks an object against the schema of its own kind.
func checkObject(obj any, where string) []string {
	m, _ := obj.(map[string]any)
	schema := openapi().Components.Schemas[fmt.Sprint(m["object"])]
	if schema == nil {
		return []string{where + ": unknown kind of object"}
	}
	return check(schema, obj, where)
}

// check lists what is wrong with a value.
func check(s *spec.Schema, v any, at string) []string {
	if s.Ref != "" {
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return check(openapi().Components.Schemas[name], v, at)
	}
	if v == nil {
		if s.Nullable || s.Type == "" && len(s.AnyOf) == 0 {
			return nil
		}
		return []string{at + ": null, but not nullable"}
	}
	if len(s.AnyOf) > 0 {
		return checkAny(s.AnyOf, v, at)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return []string{fmt.Sprintf("%s: %v is not one of %v", at, v, s.Enum)}
	}
	switch s.Type {
	case "object":
		return checkFields(s, v, at)
	case "array":
		return checkElements(s, v, at)
	}
	return checkScalar(s, v, at)
}

// checkAny passes when one of the schemas does, and else tells what the nearest one said.
func checkAny(any []*spec.Schema, v any, at string) []string {
	var nearest []string
	for _, s := range any {
		problems := check(s, v, at)
		if len(problems) == 0 {
			return nil
		}
		if nearest == nil || len(problems) < len(nearest) {
			nearest = problems
		}
	}
	return nearest
}

func checkFields(s *spec.Schema, v any, at string) []string {
	m, ok := v.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s: %T, want an object", at, v)}
	}
	var out []string
	for _, name := range s.Required {
		if _, ok := m[name]; !ok {
			out = append(out, at+"."+name+": missing")
		}
	}
	for name, value := range m {
		field := s.Properties[name]
		switch {
		case field != nil:
			out = append(out, check(field, value, at+"."+name)...)
		case s.AdditionalProperties != nil:
			out = append(out, check(s.AdditionalProperties, value, at+"."+name)...)
		case len(s.Properties) > 0 && !slices.Contains(older, name):
			out = append(out, at+"."+name+": not in the schema")
		}
	}
	return out
}

func checkElements(s *spec.Schema, v any, at string) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{fmt.Sprintf("%s: %T, want an array", at, v)}
	}
	var out []string
	for i, e := range list {
		out = append(out, check(s.Items, e, fmt.Sprintf("%s[%d]", at, i))...)
	}
	return out
}

func checkScalar(s *spec.Schema, v any, at string) []string {
	ok := true
	switch s.Type {
	case "string":
		text, is := v.(string)
		ok = is && (s.MaxLength == 0 || len([]rune(text)) <= s.MaxLength)
	case "boolean":
		_, ok = v.(bool)
	case "integer":
		n, is := v.(float64)
		ok = is && n == float64(int64(n))
	case "number":
		_, ok = v.(float64)
	}
	if !ok {
		return []string{fmt.Sprintf("%s: %v, want %s", at, v, s.Type)}
	}
	return nil
}
