package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
)

// newKey is a key that may be added.
func newKey(userID, name string) billing.APIKey {
	key, prefix := auth.NewAPIKey()
	return billing.APIKey{UserID: userID, Name: name, Hash: auth.Hash(key), Prefix: prefix}
}

func (b *bundle) addKey(k billing.APIKey) billing.APIKey {
	b.t.Helper()
	added, err := b.AddAPIKey(b.t.Context(), k)
	if err != nil {
		b.t.Fatal(err)
	}
	return added
}

// works says what a store answers to who comes with the key.
func works(b *bundle, s *Store, k billing.APIKey) error {
	b.t.Helper()
	user, found, err := s.UserByAPIKey(b.t.Context(), k.Hash)
	if err != nil {
		b.t.Fatal(err)
	}
	if user.ID != k.UserID || found.ID != k.ID || found.Name != k.Name {
		b.t.Errorf("got user %s and key %+v, want %+v", user.ID, found, k)
	}
	return found.Verify(k.Hash, b.now)
}

func (b *bundle) keyNames(userID string) []string {
	b.t.Helper()
	keys, err := b.APIKeysByUserID(b.t.Context(), userID)
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}

func TestHoweverManyMakeKeysAtOnceTheBoundHolds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, other := b.user(), b.user()
	replica, err := Open(b.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { replica.Close() })
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		refused int
	)
	for i := range billing.MaxAPIKeys + 10 {
		s := []*Store{b.Store, replica}[i%2]
		wg.Go(func() {
			_, err := s.AddAPIKey(t.Context(), newKey(u.ID, fmt.Sprint("key ", i)))
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, billing.ErrTooManyAPIKeys) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(b.keyNames(u.ID)); n != billing.MaxAPIKeys || refused != 10 {
		t.Errorf("got %d keys, and %d were refused", n, refused)
	}
	b.addKey(newKey(other.ID, "key 1")) // somebody else's keys count for themselves
	keys, err := b.APIKeysByUserID(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.RevokeAPIKey(t.Context(), u.ID, keys[7].ID); err != nil {
		t.Fatal(err)
	}
	b.addKey(newKey(u.ID, "in its place"))
}

func TestTheNameOfAKeyIsFreeWhenItIsRevokedOrExpired(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	first := newKey(u.ID, "CI")
	first.ExpiresAt = b.now.Add(time.Hour)
	first = b.addKey(first)
	if _, err := b.AddAPIKey(t.Context(), newKey(u.ID, "ci")); !errors.Is(err, billing.ErrAPIKeyNameTaken) {
		t.Errorf("a second key of that name: got %v", err)
	}
	b.now = b.now.Add(time.Hour)
	if got := b.keyNames(u.ID); !slices.Equal(got, []string{"CI"}) {
		t.Errorf("a key that has expired is still listed: got %q", got)
	}
	second := b.addKey(newKey(u.ID, "ci"))
	if got := b.keyNames(u.ID); !slices.Equal(got, []string{"ci"}) {
		t.Errorf("got %q", got)
	}
	if err := works(b, b.Store, first); !errors.Is(err, billing.ErrAPIKeyExpired) {
		t.Errorf("the expired key, put away: got %v", err)
	}
	if _, err := b.RevokeAPIKey(t.Context(), u.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	third := b.addKey(newKey(u.ID, "ci"))
	if err := works(b, b.Store, third); err != nil {
		t.Error(err)
	}
}

func TestARevokedKeyEndsInAllReplicasAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, stranger := b.user(), b.user()
	replica, err := Open(b.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { replica.Close() })
	k, kept := b.addKey(newKey(u.ID, "app")), b.addKey(newKey(u.ID, "other"))
	if err := works(b, replica, k); err != nil {
		t.Fatal(err)
	}
	if _, err := b.RevokeAPIKey(t.Context(), stranger.ID, k.ID); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("somebody else's key: got %v", err)
	}
	for range 2 {
		if got, err := b.RevokeAPIKey(t.Context(), u.ID, k.ID); err != nil || got.Name != "app" || got.RevokedAt.IsZero() {
			t.Fatalf("got %+v, %v", got, err)
		}
		if err := works(b, replica, k); !errors.Is(err, billing.ErrAPIKeyRevoked) {
			t.Errorf("got %v", err)
		}
	}
	if err := works(b, replica, kept); err != nil {
		t.Errorf("the other key: got %v", err)
	}
	if diff := cmp.Diff([]string{
		"customer api_key_revoked  app, " + k.Prefix + "…",
		"customer api_key_made  other, " + kept.Prefix + "…",
		"customer api_key_made  app, " + k.Prefix + "…",
		"customer signed_up  ",
	}, b.actions(u.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestReplacingTouchesTheDefaultKeyAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	app, old := b.addKey(newKey(u.ID, "app")), b.addKey(newKey(u.ID, "Default"))
	next := newKey(u.ID, billing.DefaultAPIKey)
	if err := b.ReplaceAPIKey(t.Context(), u.ID, next.Hash, next.Prefix); err != nil {
		t.Fatal(err)
	}
	if err := works(b, b.Store, old); !errors.Is(err, billing.ErrAPIKeyRevoked) {
		t.Errorf("the key before it: got %v", err)
	}
	if err := works(b, b.Store, app); err != nil {
		t.Errorf("the other key: got %v", err)
	}
	if got := b.keyNames(u.ID); !slices.Equal(got, []string{"default", "app"}) {
		t.Errorf("got %q", got)
	}
	if got := b.actions(u.ID); !strings.HasPrefix(got[0], "customer api_key_made  default, ") || !strings.HasPrefix(got[1], "customer api_key_revoked  Default, ") {
		t.Errorf("got %q", got)
	}
}

func TestTheLastUseOfManyKeysIsWrittenAtOnceAndNeverGoesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	used := map[int64]time.Time{1 << 40: b.now} // a user who is gone, with the key
	var keys []billing.APIKey
	for i := range 20 {
		k := b.addKey(newKey(u.ID, fmt.Sprint("key ", i)))
		keys = append(keys, k)
		used[k.ID] = b.now.Add(time.Duration(i) * time.Second)
	}
	earlier := map[int64]time.Time{keys[19].ID: b.now, keys[0].ID: b.now.Add(-time.Hour)}
	var wg sync.WaitGroup
	for _, uses := range []map[int64]time.Time{used, earlier, used} {
		wg.Go(func() {
			if err := b.SetAPIKeysUsed(t.Context(), uses); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := b.APIKeysByUserID(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range got {
		if want := used[k.ID]; !k.LastUsedAt.Equal(want) {
			t.Errorf("%s: got %v, want %v", k.Name, k.LastUsedAt, want)
		}
	}
}
