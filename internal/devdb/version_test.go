package devdb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMajorOf(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"15.14": 15, "18beta1": 18, "16": 16, "": 0, "unknown": 0} {
		if got := majorOf(version); got != want {
			t.Errorf("majorOf(%q) = %d, want %d", version, got, want)
		}
	}
}

func TestChooseVersion(t *testing.T) {
	t.Parallel()
	installed := []programs{{dir: "/pg17", version: "17.5"}, {dir: "/pg15", version: "15.14"}}
	for _, test := range []struct {
		name, written string
		installed     []programs
		want          string
	}{
		{"new data takes the newest", "", installed, "17.5"},
		{"old data takes what wrote it", "15\n", installed, "15.14"},
		{"fetched where not installed", "16\n", installed, string(downloadable[2])},
		{"fetched where nothing is installed", "", nil, string(downloadable[0])},
	} {
		p := place{dir: t.TempDir()}
		writeVersion(t, p, test.written)
		got, err := p.chooseVersion(test.installed)
		if err != nil || got.version != test.want {
			t.Errorf("%s: %q, %v, want %q", test.name, got.version, err, test.want)
		}
	}
}

func TestChooseVersionOfUnreadableData(t *testing.T) {
	t.Parallel()
	p := place{dir: t.TempDir()}
	writeVersion(t, p, "9.6\n")
	_, err := p.chooseVersion(nil)
	if !errors.Is(err, ErrNoPostgres) || !strings.Contains(err.Error(), "apt-get install postgresql-9") {
		t.Errorf("choosing programs for data of version 9: %v", err)
	}
}

func TestDataMadeByHalfIsMadeAnew(t *testing.T) {
	t.Parallel()
	p := place{dir: t.TempDir()}
	writeVersion(t, p, "15\n")
	if err := os.WriteFile(p.unfinished(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if version, err := p.dataVersion(); version != 0 || err != nil {
		t.Errorf("version %d, %v, want none", version, err)
	}
	if _, err := os.Stat(p.data()); !os.IsNotExist(err) {
		t.Errorf("the half-made data is still there (%v)", err)
	}
}

func writeVersion(t *testing.T, p place, version string) {
	t.Helper()
	if version == "" {
		return
	}
	if err := os.MkdirAll(p.data(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.data(), "PG_VERSION"), []byte(version), 0o600); err != nil {
		t.Fatal(err)
	}
}
