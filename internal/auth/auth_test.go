package auth

import (
	"context"
	"strings"
	"testing"
)

func TestPasswordsVerify(t *testing.T) {
	t.Parallel()
	p := NewPasswords()
	hash, err := p.Hash(t.Context(), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %s", hash)
	}
	for _, tt := range []struct {
		name, hash, password string
		want                 bool
	}{
		{"the right password", hash, "correct horse battery", true},
		{"a wrong password", hash, "correct horse batterz", false},
		{"nobody with that address", "", "correct horse battery", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := p.Verify(t.Context(), tt.hash, tt.password)
			if err != nil || got != tt.want {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestPasswordHashesAreSalted(t *testing.T) {
	t.Parallel()
	p := NewPasswords()
	a, _ := p.Hash(t.Context(), "same password")
	b, _ := p.Hash(t.Context(), "same password")
	if a == b {
		t.Error("two hashes of one password are equal")
	}
}

func TestPasswordsGiveUpWithTheRequest(t *testing.T) {
	t.Parallel()
	p := NewPasswords()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.turns.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for p.turns.TryAcquire(1) {
	}
	if _, err := p.Verify(ctx, "", "x"); err == nil {
		t.Error("a cancelled request still got its turn")
	}
}

func TestVerifyRefusesAHashOfAnotherKind(t *testing.T) {
	t.Parallel()
	if _, err := NewPasswords().Verify(t.Context(), "$2a$10$abc", "x"); err == nil {
		t.Error("got no error")
	}
}

func TestTokensAndKeysAreRandomAndHashed(t *testing.T) {
	t.Parallel()
	key, prefix := NewAPIKey()
	other, _ := NewAPIKey()
	if key == other || !strings.HasPrefix(key, prefix) || len(prefix) >= len(key)/2 {
		t.Errorf("got %q and %q, prefix %q", key, other, prefix)
	}
	if NewToken() == NewToken() {
		t.Error("two tokens are equal")
	}
	if len(Hash(key)) != 32 || strings.Contains(string(Hash(key)), key) {
		t.Error("not a SHA-256 hash")
	}
}
