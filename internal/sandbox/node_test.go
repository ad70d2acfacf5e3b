package sandbox_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/sandbox"
)

// npmTimeout covers fetching Stripe's library on a slow line.
const npmTimeout = 3 * time.Minute

// Any language: Stripe's own Node library, pinned to the same API version, lives through a subscription here.
func TestStripesNodeLibraryWorks(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is needed: %v", program, err)
			}
			t.Skipf("%s is needed for this test: install Node.js", program)
		}
	}
	sb := must(sandbox.New(sandbox.Options{}))
	defer sb.Close()
	srv := httptest.NewServer(checked(t, sb))
	defer srv.Close()
	sb.SetBaseURL(srv.URL)

	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "node"))); err != nil {
		t.Fatal(err)
	}
	inFolder(t, dir, nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	inFolder(t, dir, []string{"SANDBOX_URL=" + srv.URL}, "node", "smoke.mjs")
}

// inFolder runs a program, and shows what it said when it failed.
func inFolder(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), npmTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
