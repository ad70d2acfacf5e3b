package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/payloop/payloop/"

// rows gives each package its row in the import table: a package imports only
// from rows below its own. Tests may import what they like.
var rows = map[string]int{
	"cmd/payloop": 5, "cmd/dev": 5, "cmd/sandbox": 5, "cmd/bench": 5,
	"handlers": 4, "internal/jobs": 4, "internal/doctor": 4,
	"web": 3, "views": 3, "internal/inbox": 3, "internal/catalog": 3, "internal/credits": 3, "internal/ratelimit": 3, "internal/mail": 3, "internal/postgres": 3, "internal/reconcile": 3, "internal/stripeapi": 3, "internal/endpoints": 3,
	"internal/events": 2, "static": 2, "internal/auth": 2, "internal/metrics": 2, "internal/config": 2, "internal/openapi": 2, "migrations": 2, "internal/recent": 2,
	"internal/billing": 1,
}

// apart are packages outside the table: the sandbox must not share our
// mistakes, the others serve development and tests. Each lists whom of ours it
// may import.
var apart = map[string][]string{
	"internal/sandbox":  {"internal/sandbox"},
	"internal/devdb":    nil,
	"internal/testkit":  {"cmd", "handlers", "web", "views", "internal"},
	"internal/archtest": nil,
}

// mayImportApart lists who of the product may import a package that is apart:
// no fake is ever linked into the product.
var mayImportApart = map[string][]string{
	"internal/sandbox": {"cmd/sandbox", "internal/sandbox", "internal/testkit"},
	"internal/devdb":   {"cmd/dev", "cmd/bench", "internal/testkit"},
	"internal/testkit": nil,
}

// homes says where a third-party package may be imported outside tests. One
// that is missing here may be imported by tests alone.
var homes = map[string][]string{
	"github.com/jmoiron/sqlx":        {"internal/postgres", "internal/devdb", "internal/testkit"},
	"github.com/lib/pq":              {"internal/postgres", "internal/devdb", "internal/testkit", "cmd/bench"},
	"github.com/pressly/goose":       {"internal/postgres"},
	"github.com/riverqueue/":         {"internal/jobs"},
	"github.com/schollz/progressbar": {"cmd/payloop"},
	"github.com/stripe/stripe-go":    {"internal/stripeapi", "internal/inbox", "internal/events", "cmd/bench"},
	"github.com/gin-gonic/gin":       {"web", "handlers"},
	"github.com/gorilla/":            {"web"},
	"github.com/prometheus/":         {"internal/metrics"},
	"github.com/a-h/templ":           {"views", "web", "handlers"},
	"github.com/fergusstrange/":      {"internal/devdb"},
	"github.com/spf13/cobra":         {"cmd/payloop", "cmd/sandbox", "cmd/dev", "cmd/bench"},
	"github.com/spf13/pflag":         {"cmd/payloop"}, // cobra's own, named where flags are walked
	"github.com/joho/godotenv":       {"cmd/payloop", "cmd/dev"},
	"github.com/caarlos0/env":        {"internal/config"},
	"github.com/wneessen/go-mail":    {"internal/mail"},
	"golang.org/x/crypto":            {"internal/auth"},
	"github.com/go-json-experiment/": {"internal/events", "web"},
	"golang.org/x/sync":              {"internal/auth", "internal/stripeapi"},
	"golang.org/x/text":              {"views", "internal/catalog", "internal/mail"},
	"github.com/PuerkitoBio/goquery": {"internal/testkit"},
	"github.com/chromedp/":           {"internal/testkit"},
	"golang.org/x/sys":               {"internal/devdb", "cmd/dev"},
}

type pkg struct {
	ImportPath string
	Doc        string
	GoFiles    []string
	Imports    []string
}

func TestPackagesImportOnlyFromRowsBelow(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		name := name(p)
		for _, imported := range p.Imports {
			other, ours := strings.CutPrefix(imported, module)
			if ours && !mayImport(name, other) {
				t.Errorf("%s imports %s, which is not below it", name, other)
			}
		}
	}
}

func TestThirdPartyPackagesHaveOneHome(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") || strings.HasPrefix(imported, module) {
				continue
			}
			if !hasHome(imported, name(p)) {
				t.Errorf("%s imports %s, whose home it is not: see homes in this test", name(p), imported)
			}
		}
	}
}

func TestEveryPackageIsKnownAndSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", name(p))
		}
		_, inTable := rows[name(p)]
		if _, isApart := apart[root(name(p))]; !inTable && !isApart {
			t.Errorf("%s has no row in the import table", name(p))
		}
	}
}

func TestTopLevelHoldsOnlyWhatWasAgreed(t *testing.T) {
	t.Parallel()
	agreed := " cmd web views static handlers migrations internal docs deploy go.mod go.sum Makefile README.md LICENSE plans.json bin "
	entries, err := os.ReadDir(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !strings.Contains(agreed, " "+e.Name()+" ") {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
}

// TestTheRulesCanFail keeps the table above honest.
func TestTheRulesCanFail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to string
		want     bool
	}{
		{"handlers", "web", true},
		{"web", "handlers", false},
		{"internal/postgres", "internal/stripeapi", false},
		{"cmd/payloop", "internal/sandbox", false},
		{"cmd/payloop", "internal/devdb", false},
		{"handlers", "internal/testkit", false},
		{"internal/sandbox/form", "internal/billing", false},
		{"internal/sandbox", "internal/sandbox/form", true},
		{"internal/events", "internal/billing", true},
	} {
		if got := mayImport(tt.from, tt.to); got != tt.want {
			t.Errorf("mayImport(%s, %s) = %v, want %v", tt.from, tt.to, got, tt.want)
		}
	}
	if hasHome("github.com/stripe/stripe-go/v79", "handlers") || !hasHome("github.com/stripe/stripe-go/v79/client", "internal/stripeapi") {
		t.Error("homes do not tell packages apart")
	}
}

func mayImport(from, to string) bool {
	if allowed, ok := apart[root(from)]; ok {
		return within(to, allowed)
	}
	if _, ok := apart[root(to)]; ok {
		return within(from, mayImportApart[root(to)])
	}
	return rows[from] > rows[to] && rows[to] > 0
}

func hasHome(imported, in string) bool {
	for prefix, allowed := range homes {
		if strings.HasPrefix(imported, prefix) && within(in, allowed) {
			return true
		}
	}
	return false
}

func within(name string, roots []string) bool {
	for _, r := range roots {
		if name == r || strings.HasPrefix(name, r+"/") {
			return true
		}
	}
	return false
}

// root is the package that a package below internal belongs to.
func root(name string) string {
	parts := strings.SplitN(name, "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

func name(p pkg) string { return strings.TrimPrefix(p.ImportPath, module) }

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Doc,GoFiles,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			list = append(list, p)
		}
	}
	if len(list) < 10 {
		t.Fatalf("go list names only %d packages", len(list))
	}
	return list
}
