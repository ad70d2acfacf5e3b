package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/getkin/kin-openapi/openapi3"
)

// runner runs the examples of one language.
type runner struct {
	slug    string // as the page has it
	program string // that must be in PATH
	// command returns how to run an example; code is exactly what the page
	// shows.
	command func(t *testing.T, dir, operation, code string) *exec.Cmd
}

var runners = []runner{
	{"curl", "curl", func(t *testing.T, dir, operation, code string) *exec.Cmd {
		return exec.CommandContext(t.Context(), "sh", "-c", code)
	}},
	{"python", "python3", func(t *testing.T, dir, operation, code string) *exec.Cmd {
		return exec.CommandContext(t.Context(), "python3", saved(t, dir, operation+".py", code))
	}},
	{"javascript", "node", func(t *testing.T, dir, operation, code string) *exec.Cmd {
		return exec.CommandContext(t.Context(), "node", saved(t, dir, operation+".mjs", code))
	}},
	{"go", "go", func(t *testing.T, dir, operation, code string) *exec.Cmd {
		return exec.CommandContext(t.Context(), filepath.Join(dir, "examples"), operation)
	}},
}

func TestTheExamplesOfTheDocumentationPageRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.visitor().Get("/docs/api")
	api, err := described()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runners {
		t.Run(r.slug, func(t *testing.T) {
			needProgram(t, r.program)
			ada := b.shopper()
			shown, dir := shownExamples(t, page.Body, r.slug), t.TempDir()
			if r.slug == "go" {
				buildAll(t, dir, shown)
			}
			for _, op := range operations(api.doc) {
				code := shown[op.OperationID]
				if code == "" {
					t.Errorf("the page has no example of %s", op.OperationID)
					continue
				}
				ada.arrange(op.OperationID)
				cmd := r.command(t, dir, op.OperationID, code)
				cmd.Env = append(os.Environ(), "PAYLOOP_KEY="+ada.key(t))
				var said, complaints bytes.Buffer
				cmd.Stdout, cmd.Stderr = &said, &complaints
				if err := cmd.Run(); err != nil {
					t.Errorf("%s: %v\n%s\n%s%s", op.OperationID, err, code, said.String(), complaints.String())
				} else if err := fits(op, said.Bytes()); err != nil {
					t.Errorf("%s: %v\n%s", op.OperationID, err, said.String())
				}
			}
			ada.checkExamples()
		})
	}
}

// needProgram skips the test where the program is missing, but not where all
// tests must run.
func needProgram(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	missing := fmt.Sprintf("%s is not in PATH, so the examples in it cannot be run: .ci/need says what to install", name)
	if os.Getenv("CI") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// shownExamples returns the text of a language's examples, by operation.
func shownExamples(t *testing.T, page, slug string) map[string]string {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	doc.Find(`pre[data-testid^="example-"]`).Each(func(_ int, pre *goquery.Selection) {
		id := strings.TrimPrefix(pre.AttrOr("data-testid", ""), "example-")
		if operation, ok := strings.CutSuffix(id, "-"+slug); ok {
			shown[operation] = pre.Text()
		}
	})
	return shown
}

// operations lists the document's, in an order in which they can be walked:
// the portal needs a customer, whom a checkout makes.
func operations(doc *openapi3.T) []*openapi3.Operation {
	var out []*openapi3.Operation
	for _, path := range doc.Paths.InMatchingOrder() {
		for _, op := range doc.Paths.Find(path).Operations() {
			out = append(out, op)
		}
	}
	return out
}

func saved(t *testing.T, dir, name, code string) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(code+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// buildAll makes one program of the Go examples, because each program takes
// its time to link. It runs the one that its argument names: each example's
// main gets the operation's name, and nothing else is changed.
func buildAll(t *testing.T, dir string, shown map[string]string) {
	t.Helper()
	var list strings.Builder
	for operation, code := range shown {
		renamed := strings.Replace(code, "\nfunc main() {", "\nfunc "+operation+"() {", 1)
		saved(t, dir, operation+".go", renamed)
		fmt.Fprintf(&list, "%q: %s,\n", operation, operation)
	}
	saved(t, dir, "main.go", "package main\nimport \"os\"\nfunc main() { map[string]func(){\n"+list.String()+"}[os.Args[1]]() }")
	saved(t, dir, "go.mod", "module examples\n\ngo 1.21\n")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "examples", ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// fits says whether what an example printed is the answer that the document
// promises.
func fits(op *openapi3.Operation, said []byte) error {
	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusNoContent} {
		answer := op.Responses.Status(status)
		if answer == nil {
			continue
		}
		content := answer.Value.Content.Get("application/json")
		if content == nil {
			if len(bytes.TrimSpace(said)) > 0 {
				return fmt.Errorf("it says something")
			}
			return nil
		}
		var body any
		if err := json.Unmarshal(said, &body); err != nil {
			return err
		}
		return content.Schema.Value.VisitJSON(body, openapi3.EnableJSONSchema2020())
	}
	return fmt.Errorf("the document names no answer")
}
