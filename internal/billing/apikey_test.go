package billing

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAKeyWorksUntilItExpiresOrIsRevoked(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	hash, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	for name, tt := range map[string]struct {
		key  APIKey
		hash []byte
		want error
	}{
		"never expires":              {APIKey{Hash: hash}, hash, nil},
		"not yet":                    {APIKey{Hash: hash, ExpiresAt: now.Add(1)}, hash, nil},
		"in this moment":             {APIKey{Hash: hash, ExpiresAt: now}, hash, ErrAPIKeyExpired},
		"revoked":                    {APIKey{Hash: hash, RevokedAt: now}, hash, ErrAPIKeyRevoked},
		"revoked, then expired":      {APIKey{Hash: hash, RevokedAt: now.Add(-2), ExpiresAt: now.Add(-1)}, hash, ErrAPIKeyRevoked},
		"expired, then put away":     {APIKey{Hash: hash, RevokedAt: now.Add(-1), ExpiresAt: now.Add(-2)}, hash, ErrAPIKeyExpired},
		"another key's row":          {APIKey{Hash: other}, hash, ErrAPIKeyUnknown},
		"no row":                     {APIKey{}, hash, ErrAPIKeyUnknown},
		"no row, and no hash either": {APIKey{}, nil, ErrAPIKeyUnknown},
	} {
		if got := tt.key.Verify(tt.hash, now); !errors.Is(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestTheNameAndTheEndOfAKeyAreChecked(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, good := range []string{"CI", "Ada’s laptop", strings.Repeat("ü", 60), "日本"} {
		if err := CheckAPIKey(good, now.Add(time.Hour), now); err != nil {
			t.Errorf("%q: got %v", good, err)
		}
	}
	for _, bad := range []string{"", " CI", "CI\n", "a\x00b", "a\u202eb", "\xff", strings.Repeat("x", 61)} {
		if err := CheckAPIKey(bad, time.Time{}, now); KindOf(err) != Invalid {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	if err := CheckAPIKey("CI", now, now); KindOf(err) != Invalid {
		t.Errorf("ends now: got %v", err)
	}
}
