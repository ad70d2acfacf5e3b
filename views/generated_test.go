package views

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGeneratedFilesAreCurrent generates the components anew, with the version
// of templ that go.mod names, and compares.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	t.Parallel()
	version, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", "github.com/a-h/templ").Output()
	if err != nil {
		t.Fatal(err)
	}
	tool := "github.com/a-h/templ/cmd/templ@" + strings.TrimSpace(string(version))
	if out, err := exec.CommandContext(t.Context(), "go", "run", tool, "version").CombinedOutput(); err != nil {
		t.Skipf("the generator cannot be had here: %v\n%s", err, out)
	}
	sources, err := filepath.Glob("*.templ")
	if err != nil || len(sources) == 0 {
		t.Fatalf("got %d components, %v", len(sources), err)
	}
	if made, _ := filepath.Glob("*_templ.go"); len(made) != len(sources) {
		t.Errorf("%d components, %d generated files", len(sources), len(made))
	}
	dir := t.TempDir()
	for _, name := range sources {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", tool, "generate")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, source := range sources {
		name := strings.TrimSuffix(source, ".templ") + "_templ.go"
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what %s makes; run go run %s generate in views (%v)", name, source, tool, err)
		}
	}
}
