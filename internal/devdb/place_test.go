package devdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataLiesElsewhereWhenTheFolderIsClosed(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root gives its server to another user")
	}
	closed, err := os.MkdirTemp("/var/tmp", "payloop-devdb-test-") // mode 0700
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(closed) })
	asked := filepath.Join(closed, "postgres")

	first := where(t, asked)
	t.Cleanup(func() { os.RemoveAll(first) })
	if !strings.HasPrefix(filepath.Base(first), elsewherePrefix) {
		t.Errorf("the data lies in %s, want it outside of %s", first, closed)
	}
	if second := where(t, asked); second != first {
		t.Errorf("the second time the data lies in %s, want %s", second, first)
	}
	if err := os.RemoveAll(asked); err != nil {
		t.Fatal(err)
	}
	third := where(t, asked)
	t.Cleanup(func() { os.RemoveAll(third) })
	if third == first {
		t.Error("removing the folder did not begin anew")
	}
}

// where starts and stops a server, and returns where its data lies.
func where(t *testing.T, dir string) string {
	t.Helper()
	db, err := Start(context.Background(), Options{Dir: dir})
	if errors.Is(err, ErrNoPostgres) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Stop(); err != nil {
		t.Error(err)
	}
	return db.Dir()
}

func TestEnterable(t *testing.T) {
	t.Parallel()
	const stranger = 12345
	top, err := os.MkdirTemp("/var/tmp", "payloop-devdb-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	inner := filepath.Join(top, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]bool{0o700: false, 0o750: false, 0o711: true, 0o755: true} {
		if err := os.Chmod(top, mode); err != nil {
			t.Fatal(err)
		}
		if got := enterable(inner, stranger, stranger); got != want {
			t.Errorf("below a folder of mode %o: enterable is %t, want %t", mode, got, want)
		}
		if !enterable(inner, os.Getuid(), os.Getgid()) {
			t.Errorf("below a folder of mode %o: closed to its owner", mode)
		}
	}
}
