package views

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/payloop/payloop/internal/openapi"
)

// example is how to call an operation in one language. It is complete: it runs
// as it stands, with the API key in the environment variable PAYLOOP_KEY.
type example struct{ language, slug, code string }

// languages are shown in this order. Each has a template, examples/<slug>.tmpl.
var languages = []example{
	{language: "curl", slug: "curl"}, {language: "Go", slug: "go"},
	{language: "Python", slug: "python"}, {language: "JavaScript", slug: "javascript"},
}

//go:embed examples/*.tmpl
var exampleFiles embed.FS

var exampleTemplates = template.Must(template.ParseFS(exampleFiles, "examples/*.tmpl"))

// call is what a template needs to know of an operation.
type call struct {
	Method, URL    string
	Body           string // JSON; empty: none
	IdempotencyKey string // empty: none
	Key            bool   // an API key is sent
}

// unquoted writes the quotes that end a text in a shell and in Go as JSON can
// have them, and Python and JavaScript too.
var unquoted = strings.NewReplacer("'", `\u0027`, "`", `\u0060`)

// examples writes how to call the operation, with its documented example.
func examples(baseURL string, op openapi.Operation) ([]example, error) {
	of := call{
		Method:         op.Method,
		URL:            baseURL + op.ExamplePath(),
		Body:           unquoted.Replace(op.Request),
		IdempotencyKey: op.Header("Idempotency-Key"),
		Key:            op.Access != openapi.Anyone,
	}
	var out []example
	for _, e := range languages {
		var code strings.Builder
		if err := exampleTemplates.ExecuteTemplate(&code, e.slug+".tmpl", of); err != nil {
			return nil, fmt.Errorf("example of %s in %s: %w", op.ID, e.language, err)
		}
		e.code = strings.TrimSpace(code.String())
		out = append(out, e)
	}
	return out, nil
}
