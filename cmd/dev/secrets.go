package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Files in the data folder that hold what was made up once.
const (
	sessionKeyFile    = "session-keys"
	webhookSecretFile = "webhook-secret"
)

// secretBytes of randomness are beyond guessing: 256 bits.
const secretBytes = 32

// keptSecret returns the secret in a file, or makes one and keeps it there: people stay signed in over a restart, and
// deliveries that the sandbox tries again are still signed right.
func keptSecret(dir, name, prefix string) (string, error) {
	file := filepath.Join(dir, name)
	text, err := os.ReadFile(file)
	if secret := strings.TrimSpace(string(text)); err == nil && secret != "" {
		return secret, os.Chmod(file, 0o600)
	}
	if err != nil && !os.IsNotExist(err) {
		return "", notYours(dir, err)
	}
	random := make([]byte, secretBytes)
	rand.Read(random) // never fails: it ends the program instead
	secret := prefix + hex.EncodeToString(random)
	if err := writeWhole(file, secret+"\n"); err != nil {
		return "", notYours(dir, err)
	}
	return secret, nil
}

// writeWhole writes a file that is never seen half written.
func writeWhole(file, text string) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing, once it is renamed
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// makeDataDir makes the folder, open to pass through: for root, Postgres runs in it as another user.
func makeDataDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return notYours(dir, err)
	}
	return os.Chmod(dir, 0o755)
}

func notYours(dir string, err error) error {
	return fmt.Errorf("The data folder %s cannot be used (%w): remove it as the user who made it, or set DATA_DIR to another folder.", dir, err)
}
