package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/openapi"
)

func TestTheOpenAPIDocumentIsValid(t *testing.T) {
	t.Parallel()
	api, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if err := api.doc.Validate(t.Context()); err != nil { // its schemas and examples, too
		t.Error(err)
	}
	if api.doc.OpenAPI != "3.1.0" || !api.doc.IsOpenAPI31OrLater() {
		t.Errorf("got version %q", api.doc.OpenAPI)
	}
}

// TestTheCheckOfTheDocumentSeesMistakes keeps the test above honest.
func TestTheCheckOfTheDocumentSeesMistakes(t *testing.T) {
	t.Parallel()
	document, err := openapi.New("http://localhost", catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"a type that there is not":     {`"type": ["string", "null"]`, `"type": ["string", "nul"]`},
		"a broken pattern":             {`"^[a-z]{3}$"`, `"^[a-z{3}$"`},
		"an example of a wrong type":   {`"reserved": 10`, `"reserved": "10"`},
		"an example with a field more": {`"reserved": 10`, `"reserved": 10, "more": 1`},
		"another constant":             {`"const": 402`, `"const": 403`},
		"a reference to nothing":       {`"#/components/schemas/Entry"`, `"#/components/schemas/Entri"`},
		"an operation twice":           {`"operationId": "getUser"`, `"operationId": "getCredits"`},
	} {
		changed := strings.Replace(string(document.JSON), change[0], change[1], 1)
		if changed == string(document.JSON) {
			t.Errorf("%s: %s is not in the document", name, change[0])
		}
		doc, err := openapi3.NewLoader().LoadFromData([]byte(changed))
		if err == nil {
			err = doc.Validate(t.Context())
		}
		if err == nil {
			t.Errorf("%s is not seen", name)
		}
	}
}

// TestTheDocumentsObjectsAreClosed makes a field that is not described one
// that the contract refuses.
func TestTheDocumentsObjectsAreClosed(t *testing.T) {
	t.Parallel()
	api, err := described()
	if err != nil {
		t.Fatal(err)
	}
	for name, schema := range api.doc.Components.Schemas {
		wantClosed(t, name, schema.Value)
	}
}

func wantClosed(t *testing.T, name string, schema *openapi3.Schema) {
	t.Helper()
	if !schema.Type.Is("object") {
		return
	}
	if more := schema.AdditionalProperties.Has; more == nil || *more {
		t.Errorf("%s may have fields that are not described", name)
	}
	for field, inner := range schema.Properties {
		wantClosed(t, name+"."+field, inner.Value)
	}
}

func TestTheOpenAPIDocumentListsTheRoutes(t *testing.T) {
	t.Parallel()
	api, err := described()
	if err != nil {
		t.Fatal(err)
	}
	var documented, routed []string
	for path, item := range api.doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	router, err := setup(t).app.handlers.Router()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range router.(*gin.Engine).Routes() {
		if strings.HasPrefix(r.Path, "/api/") {
			routed = append(routed, r.Method+" "+inBraces(r.Path))
		}
	}
	for _, op := range documented {
		if !slices.Contains(routed, op) {
			t.Errorf("the document has %s, which routes.go has not", op)
		}
	}
	for _, op := range routed {
		if !slices.Contains(documented, op) {
			t.Errorf("routes.go has %s, which the document has not", op)
		}
	}
}

// inBraces writes /keys/:id as the document does, /keys/{id}.
func inBraces(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func TestTheOpenAPIDocumentIsForEverybody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.visitor().Send("GET", "/api/openapi.json", "", http.Header{"Origin": {"https://editor.example.org"}, "Sec-Fetch-Site": {"cross-site"}})
	if first.Status != http.StatusOK || first.Header.Get("Access-Control-Allow-Origin") != "*" || first.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %v", first.Status, first.Header)
	}
	var document struct{ Servers []struct{ URL string } }
	first.JSON(&document)
	if len(document.Servers) != 1 || document.Servers[0].URL != b.url || strings.Contains(first.Body, "app.example.com") {
		t.Errorf("got servers %v, want %s", document.Servers, b.url)
	}
	etag := first.Header.Get("ETag")
	for _, known := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		p := b.visitor().Send("GET", "/api/openapi.json", "", http.Header{"If-None-Match": {known}})
		if p.Status != http.StatusNotModified || p.Body != "" || p.Header.Get("ETag") != etag {
			t.Errorf("If-None-Match %s: got %d", known, p.Status)
		}
	}
	if p := b.visitor().Send("GET", "/api/openapi.json", "", http.Header{"If-None-Match": {`"other"`}}); p.Status != http.StatusOK {
		t.Errorf("another version: got %d", p.Status)
	}
	if p := b.visitor().Send("GET", "/api/user", "", http.Header{"Origin": {"https://editor.example.org"}}); p.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("other sites' pages may read more than the document")
	}
}

// noted is a test that only notes what the contract says of it.
type noted struct {
	testing.TB
	errors []string
}

func (n *noted) Errorf(format string, args ...any) { n.errors = append(n.errors, format) }

// answering answers every request with the same.
type answering struct {
	status int
	header http.Header
	body   string
}

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

func TestTheContractSeesWhatIsNotDescribed(t *testing.T) {
	t.Parallel()
	const credits = `{"credits":1,"reserved":0,"plan":"Free","next_refill_at":null}`
	withHeader := http.Header{"Content-Type": {"application/json"}, "Idempotent-Replayed": {"true"}}
	for _, tt := range []struct {
		name, path, key string
		status          int
		header          http.Header
		body            string
		fine            bool
	}{
		{"as described", "/api/credits", "k", 200, nil, credits, true},
		{"null where it may be", "/api/user", "", 401, nil, `{"error":{"code":"unauthorized","message":"No.","request_id":"r"}}`, true},
		{"another status", "/api/credits", "k", 418, nil, credits, false},
		{"another field", "/api/credits", "k", 200, nil, strings.Replace(credits, "{", `{"more":1,`, 1), false},
		{"a field of the error", "/api/credits", "k", 401, nil, `{"error":{"code":"unauthorized","message":"No.","request_id":"r","cause":"x"}}`, false},
		{"a field that is missing", "/api/credits", "k", 200, nil, `{"credits":1}`, false},
		{"another type", "/api/credits", "k", 200, nil, strings.Replace(credits, "1", `"1"`, 1), false},
		{"a time that is none", "/api/credits", "k", 200, nil, strings.Replace(credits, "null", `"tomorrow"`, 1), false},
		{"an unknown code", "/api/credits", "k", 401, nil, `{"error":{"code":"who","message":"No.","request_id":"r"}}`, false},
		{"a header", "/api/credits", "k", 200, withHeader, credits, false},
		{"no key", "/api/credits", "", 200, nil, credits, false},
		{"no such operation", "/api/secrets", "k", 200, nil, credits, false},
		{"no such operation, refused", "/api/secrets", "k", 404, nil, `{"error":{"code":"not_found","message":"No.","request_id":"r"}}`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said := &noted{TB: t}
			header := tt.header
			if header == nil {
				header = http.Header{"Content-Type": {"application/json"}}
			}
			c := contract{t: said, next: answering{tt.status, header, tt.body}}
			req, err := http.NewRequestWithContext(t.Context(), "GET", "http://localhost"+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.key != "" {
				req.Header.Set("Authorization", "Bearer "+tt.key)
			}
			if _, err := c.RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			if fine := len(said.errors) == 0; fine != tt.fine {
				t.Errorf("got %v, want %v", said.errors, tt.fine)
			}
		})
	}
}
