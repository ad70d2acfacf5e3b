package main

import (
	"bytes"
	"encoding/json"
	"errors"
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

// mark stands on a line of its own before what an example prints.
const mark = "example of "

// shown is an example, exactly as the page shows it.
type shown struct{ operation, code string }

// runner runs all examples of one language in one process: most of the time
// goes into starting one.
type runner struct {
	slug    string // as the page has it
	program string // that must be in PATH
	command func(t *testing.T, dir string, examples []shown) *exec.Cmd
}

var runners = []runner{{"curl", "curl", inShell}, {"python", "python3", inPython}, {"javascript", "node", inNode}, {"go", "go", inGo}}

func inShell(t *testing.T, dir string, examples []shown) *exec.Cmd {
	script := "set -e\n"
	for _, e := range examples {
		script += fmt.Sprintf("echo; echo '%s%s'\n%s\n", mark, e.operation, e.code)
	}
	return exec.CommandContext(t.Context(), "sh", saved(t, dir, "all.sh", script))
}

func inPython(t *testing.T, dir string, examples []shown) *exec.Cmd {
	all := "import runpy\n"
	for _, e := range examples {
		all += fmt.Sprintf("print('\\n%s%s', flush=True)\nrunpy.run_path(%q)\n", mark, e.operation, saved(t, dir, e.operation+".py", e.code))
	}
	return exec.CommandContext(t.Context(), "python3", saved(t, dir, "all.py", all))
}

func inNode(t *testing.T, dir string, examples []shown) *exec.Cmd {
	all := ""
	for _, e := range examples {
		all += fmt.Sprintf("console.log('\\n%s%s');\nawait import(%q);\n", mark, e.operation, saved(t, dir, e.operation+".mjs", e.code))
	}
	return exec.CommandContext(t.Context(), "node", saved(t, dir, "all.mjs", all))
}

// inGo makes one program of the examples, because each program takes its time
// to link. Each example's main gets the operation's name, and nothing else is
// changed.
func inGo(t *testing.T, dir string, examples []shown) *exec.Cmd {
	all := "package main\n\nimport \"fmt\"\n\nfunc main() {\n"
	for _, e := range examples {
		saved(t, dir, e.operation+".go", strings.Replace(e.code, "\nfunc main() {", "\nfunc "+e.operation+"() {", 1))
		all += fmt.Sprintf("fmt.Println(\"\\n%s%s\")\n%s()\n", mark, e.operation, e.operation)
	}
	saved(t, dir, "main.go", all+"}")
	saved(t, dir, "go.mod", "module examples\n\ngo 1.21\n")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "examples", ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exec.CommandContext(t.Context(), filepath.Join(dir, "examples"))
}

func TestTheExamplesOfTheDocumentationPageRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.visitor().Get("/docs/api")
	for _, r := range runners {
		t.Run(r.slug, func(t *testing.T) {
			needProgram(t, r.program)
			examples := shownExamples(t, page.Body, r.slug)
			ada := b.shopper()
			ada.arrange()
			cmd := r.command(t, t.TempDir(), examples)
			cmd.Env = append(os.Environ(), "PAYLOOP_KEY="+ada.key)
			var said, complaints bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &complaints
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s\n%s", err, said.String(), complaints.String())
			}
			checkAnswers(t, examples, said.String())
			ada.checkExamples()
		})
	}
}

// checkAnswers looks for what every operation's example printed, and whether
// it is the answer that the document promises.
func checkAnswers(t *testing.T, examples []shown, said string) {
	t.Helper()
	api, err := described()
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	for part := range strings.SplitSeq(said, "\n"+mark) {
		operation, answer, _ := strings.Cut(part, "\n")
		answers[operation] = answer
	}
	for _, item := range api.doc.Paths.Map() {
		for _, op := range item.Operations() {
			answer, ok := answers[op.OperationID]
			if !ok {
				t.Errorf("the page has no example of %s", op.OperationID)
			} else if err := fits(op, answer); err != nil {
				t.Errorf("%s: %v\n%s", op.OperationID, err, answer)
			}
		}
	}
	if len(answers) != len(examples)+1 { // and nothing before the first
		t.Errorf("got %d answers of %d examples", len(answers)-1, len(examples))
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

// shownExamples returns the text of a language's examples, in the page's order.
func shownExamples(t *testing.T, page, slug string) (out []shown) {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	doc.Find(`pre[data-testid^="example-"]`).Each(func(_ int, pre *goquery.Selection) {
		id := strings.TrimPrefix(pre.AttrOr("data-testid", ""), "example-")
		if operation, ok := strings.CutSuffix(id, "-"+slug); ok {
			out = append(out, shown{operation, pre.Text()})
		}
	})
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

// fits says whether what an example printed is the answer that the document
// promises.
func fits(op *openapi3.Operation, said string) error {
	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusNoContent} {
		answer := op.Responses.Status(status)
		if answer == nil {
			continue
		}
		content := answer.Value.Content.Get("application/json")
		if content == nil {
			if strings.TrimSpace(said) != "" {
				return errors.New("it says something")
			}
			return nil
		}
		var body any
		if err := json.Unmarshal([]byte(said), &body); err != nil {
			return err
		}
		return content.Schema.Value.VisitJSON(body, openapi3.EnableJSONSchema2020())
	}
	return errors.New("the document names no answer")
}
