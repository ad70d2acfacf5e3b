package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestSecretsAreMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if err := makeDataDir(dir); err != nil {
		t.Fatal(err)
	}
	first, second := settings{dataDir: dir}, settings{dataDir: dir}
	for _, s := range []*settings{&first, &second} {
		if err := s.fillSecrets(); err != nil {
			t.Fatal(err)
		}
	}
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(first.sessionKeys) {
		t.Errorf("session key %q", first.sessionKeys)
	}
	if !regexp.MustCompile(`^whsec_[0-9a-f]{64}$`).MatchString(first.webhookSecret) {
		t.Errorf("webhook secret %q", first.webhookSecret)
	}
	if first.sessionKeys != second.sessionKeys || first.webhookSecret != second.webhookSecret {
		t.Error("the second start made secrets of its own")
	}
	mustBePrivate(t, dir, 2)
}

func mustBePrivate(t *testing.T, dir string, want int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != want {
		t.Fatalf("%d files (%v), want %d", len(files), err, want)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v), want 0600", file.Name(), info.Mode(), err)
		}
	}
}

func TestGivenSecretsWin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := settings{dataDir: dir, sessionKeys: "mine", webhookSecret: "whsec_mine"}
	if err := s.fillSecrets(); err != nil || s.sessionKeys != "mine" || s.webhookSecret != "whsec_mine" {
		t.Errorf("got %q and %q (%v)", s.sessionKeys, s.webhookSecret, err)
	}
	mustBePrivate(t, dir, 0)
}

func TestUnusableDataFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := makeDataDir(filepath.Join(file, "data")); err == nil || !strings.Contains(err.Error(), "set DATA_DIR") {
		t.Errorf("a data folder inside of a file: %v", err)
	}
}
