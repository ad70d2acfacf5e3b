package sandbox_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/spec"
)

// basilFile holds what Stripe's published description of API version 2025-05-28.basil says otherwise than the one of
// 2024-09-30.acacia that is embedded in stripe-mock: schemas of the sandbox's objects without their texts, and endpoints.
// Two versions of stripe-mock cannot stand in one go.mod, so this is taken out of the newer one:
//
//	UPDATE_BASIL=1 go test -run TestTheBasilSchemaIsWhole ./internal/sandbox
const (
	basilFile   = "testdata/basil.json"
	basilModule = "github.com/stripe/stripe-mock@v0.195.0"
)

// basilUnlisted are fields of Basil that its published description leaves out: real events have them.
var basilUnlisted = []string{
	"subscription.plan", "subscription.quantity", "subscription_item.plan", // kept for older integrations
	".billing_thresholds", ".plan", // of a subscription schedule: they stayed
	"subscription.billing_thresholds", "subscription_item.billing_thresholds", // back since 2025-05-28
	"subscription.billing_mode", "subscription_schedule.billing_mode", // since 2025-06-30
	"checkout.session.origin_context", // since 2025-07-30
	"product.type", "charge.source", "charge.destination", "charge.dispute", "charge.order",
	".trial_period_days",  // of a price's recurring
	".billing_thresholds", // of a schedule's settings, phases and items
}

// basilAPI is the embedded description with what Basil says otherwise put over it.
var basilAPI = sync.OnceValue(func() *spec.Spec {
	data, err := os.ReadFile(basilFile)
	if err != nil {
		panic(err)
	}
	var differs spec.Spec
	if err := json.Unmarshal(data, &differs); err != nil {
		panic(err)
	}
	out := &spec.Spec{Info: differs.Info, Paths: maps.Clone(openapi().Paths)}
	out.Components.Schemas = maps.Clone(openapi().Components.Schemas)
	maps.Copy(out.Components.Schemas, differs.Components.Schemas)
	maps.Copy(out.Paths, differs.Paths)
	return out
})

// basilRoots are the kinds of objects that are checked at Basil; what they hold comes along.
var basilRoots = []string{
	"balance_transaction", "billing_portal.configuration", "billing_portal.session", "charge", "checkout.session", "coupon",
	"customer", "discount", "dispute", "error", "event", "invoice", "invoice_payment", "invoiceitem", "item", "line_item", "payment_intent",
	"payment_method", "plan", "price", "product", "promotion_code", "refund", "setup_intent", "subscription", "subscription_item",
	"subscription_schedule", "tax_rate", "test_helpers.test_clock", "webhook_endpoint",
}

// basilEndpoints are those that Basil has and the older description has not.
var basilEndpoints = []string{"/v1/invoice_payments", "/v1/invoice_payments/{invoice_payment}"}

func TestTheBasilSchemaIsWhole(t *testing.T) {
	t.Parallel()
	if os.Getenv("UPDATE_BASIL") != "" {
		updateBasil(t)
	}
	all := basilAPI().Components.Schemas
	if v := basilAPI().Info.Version; v != "2025-05-28.basil" {
		t.Errorf("version %s", v)
	}
	for _, name := range basilRoots {
		for _, ref := range refs(tree(t, must(json.Marshal(all[name])))) {
			if all[ref] == nil {
				t.Errorf("%s names %s, which is not there", name, ref)
			}
		}
	}
	for kind, field := range map[string]string{"subscription": "current_period_end", "invoice": "payment_intent", "line_item": "price", "charge": "invoice"} {
		if all[kind].Properties[field] != nil || openapi().Components.Schemas[kind].Properties[field] == nil {
			t.Errorf("%s.%s is not gone", kind, field)
		}
	}
}

// updateBasil writes the file anew, from the module's own copy of the description.
func updateBasil(t *testing.T) {
	var module struct{ Dir string }
	if err := json.Unmarshal(must(exec.Command("go", "mod", "download", "-json", basilModule).Output()), &module); err != nil {
		t.Fatal(err)
	}
	fresh := tree(t, must(os.ReadFile(filepath.Join(module.Dir, "embedded/openapi/spec3.json"))))
	old := tree(t, embedded.OpenAPISpec)
	paths := map[string]any{}
	for _, p := range basilEndpoints {
		paths[p] = bare(at(fresh, "paths", p))
	}
	out := map[string]any{
		"info": map[string]any{"version": at(fresh, "info", "version")}, "paths": paths,
		"components": map[string]any{"schemas": differing(at(old, "components", "schemas"), at(fresh, "components", "schemas"))},
	}
	text := strings.ReplaceAll(string(must(json.Marshal(out))), `},"`, "},\n\"") // lines that a diff can show
	if err := os.WriteFile(basilFile, []byte(text+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// differing are the schemas within reach of the roots that say something else than before. Objects that the sandbox has
// not are not followed: they are never expanded.
func differing(old, fresh any) map[string]any {
	out, seen, todo := map[string]any{}, map[string]bool{}, slices.Clone(basilRoots)
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		schema := withoutKinds(name, bare(at(fresh, name)), bare(at(old, name)))
		if foreign := at(schema, "properties", "object") != nil && !slices.Contains(basilRoots, name); seen[name] || schema == nil || foreign {
			continue
		}
		seen[name] = true
		if !reflect.DeepEqual(schema, bare(at(old, name))) {
			out[name] = schema
		}
		todo = append(todo, refs(schema)...)
	}
	return out
}

// withoutKinds takes the kinds of payment method off a schema that came with Basil: the sandbox has none of them, and
// they are half of the description.
func withoutKinds(name string, schema, before any) any {
	fields, _ := at(schema, "properties").(map[string]any)
	if before == nil || !strings.Contains(name, "payment_method") && !strings.Contains(name, "destination_details") {
		return schema
	}
	for field, what := range fields {
		if at(before, "properties", field) == nil && len(refs(what)) > 0 {
			delete(fields, field)
		}
	}
	return schema
}

// said are the parts of a schema, or of an endpoint, that say something about an answer.
var said = []string{
	"$ref", "additionalProperties", "anyOf", "application/json", "content", "enum", "get", "items", "maxLength", "nullable", "properties",
	"required", "responses", "200", "schema", "type",
}

// bare is a part of the description without texts and what is for generators of clients.
func bare(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = bare(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if k == "properties" {
				fields := map[string]any{}
				for name, field := range e.(map[string]any) {
					fields[name] = bare(field)
				}
				out[k] = fields
			} else if slices.Contains(said, k) {
				out[k] = bare(e)
			}
		}
		return out
	}
	return v
}

// refs are the names of all schemas that a part of the description names.
func refs(v any) []string {
	var out []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, refs(e)...)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if name, ok := v[k].(string); ok && k == "$ref" {
				out = append(out, name[strings.LastIndex(name, "/")+1:])
			}
			out = append(out, refs(v[k])...)
		}
	}
	return out
}

// at walks into a tree.
func at(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func tree(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
