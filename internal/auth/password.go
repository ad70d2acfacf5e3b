// Package auth makes, hashes and verifies what proves who somebody is:
// passwords, session tokens, API keys.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// The cost of a password hash: OWASP's argon2id setting with 19 MiB, two
// passes, one lane. https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltBytes = 16
	hashBytes = 32
)

const (
	// MinPassword is the fewest characters a new password may have.
	MinPassword = 10
	// MaxPassword bounds the work of hashing, in bytes.
	MaxPassword = 512
)

// Passwords hashes and verifies. It runs as many hashes at once as there are
// processors; others wait their turn, so that a burst of sign-ins costs time
// and not memory.
type Passwords struct {
	turns *semaphore.Weighted
	decoy string
}

// NewPasswords returns a hasher.
func NewPasswords() *Passwords {
	p := &Passwords{turns: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
	// The decoy is no password's hash; checking one against it costs as much.
	random := make([]byte, saltBytes+hashBytes)
	rand.Read(random)
	p.decoy = format(random[:saltBytes], random[saltBytes:])
	return p
}

// Hash returns the argon2id hash of the password in PHC string format.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	sum, err := p.derive(ctx, password, salt)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return format(salt, sum), nil
}

// Verify says whether the password is the one of the hash. An empty hash (no
// such user) takes as long as a wrong password does, so that the time of a
// sign-in does not tell whether an address exists.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	salt, want, err := parse(hash)
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	got, err := p.derive(ctx, password, salt)
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (p *Passwords) derive(ctx context.Context, password string, salt []byte) ([]byte, error) {
	if err := p.turns.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer p.turns.Release(1)
	return argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, hashBytes), nil
}

func format(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

func parse(hash string) (salt, sum []byte, err error) {
	parts := strings.Split(hash, "$")
	prefix := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, memoryKiB, passes, lanes)
	if len(parts) != 6 || !strings.HasPrefix(hash, prefix) {
		return nil, nil, errors.New("not an argon2id hash of this product")
	}
	salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return nil, nil, err
	}
	sum, err = base64.RawStdEncoding.DecodeString(parts[5])
	return salt, sum, err
}
