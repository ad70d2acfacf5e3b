package postgres

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

func (b *bundle) lease(asked ...billing.RequestLease) []billing.RequestLease {
	b.t.Helper()
	given, err := b.LeaseRequests(b.t.Context(), asked)
	if err != nil {
		b.t.Fatal(err)
	}
	return given
}

func TestLeasesOfAWindowNeverExceedItsLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob := b.user().ID, b.user().ID
	ends := b.now.Add(billing.RequestWindow)
	for _, step := range []struct {
		name  string
		asked []billing.RequestLease
		want  []billing.RequestLease
		after time.Duration
	}{
		{"a window begins", []billing.RequestLease{{UserID: ann, Limit: 10, Size: 4}},
			[]billing.RequestLease{{UserID: ann, Limit: 10, Size: 4, Left: 6, EndsAt: ends}}, 0},
		{"answers come in the order asked", []billing.RequestLease{{UserID: bob, Limit: 5, Size: 9}, {UserID: ann, Limit: 10, Size: 4}},
			[]billing.RequestLease{{UserID: bob, Limit: 5, Size: 5, EndsAt: ends}, {UserID: ann, Limit: 10, Size: 4, Left: 2, EndsAt: ends}}, 0},
		{"the rest, whatever the plan is now", []billing.RequestLease{{UserID: ann, Limit: 99, Size: 9}},
			[]billing.RequestLease{{UserID: ann, Limit: 10, Size: 2, EndsAt: ends}}, 59 * time.Second},
		{"nothing is left", []billing.RequestLease{{UserID: ann, Limit: 10, Size: 1}},
			[]billing.RequestLease{{UserID: ann, Limit: 10, EndsAt: ends}}, 0},
		{"the next window, on another plan", []billing.RequestLease{{UserID: ann, Limit: 3, Size: 1}},
			[]billing.RequestLease{{UserID: ann, Limit: 3, Size: 1, Left: 2, EndsAt: ends.Add(billing.RequestWindow)}}, time.Second},
	} {
		b.now = b.now.Add(step.after)
		if d := cmp.Diff(b.lease(step.asked...), step.want); d != "" {
			t.Errorf("%s: %s", step.name, d)
		}
	}
}

func TestReplicasThatLeaseForTheSameUsersTakeTurns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const limit, rounds = 100, 20
	var asked []billing.RequestLease
	for range 30 {
		asked = append(asked, billing.RequestLease{UserID: b.user().ID, Limit: limit, Size: 7})
	}
	backwards := slices.Clone(asked)
	slices.Reverse(backwards)
	var mu sync.Mutex
	got := map[string]int64{}
	var wg sync.WaitGroup
	for _, order := range [][]billing.RequestLease{asked, backwards, asked, backwards} {
		wg.Go(func() {
			for range rounds {
				given, err := b.LeaseRequests(t.Context(), order)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, lease := range given {
					got[lease.UserID] += lease.Size
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for user, n := range got {
		if n != limit {
			t.Errorf("user %s got %d requests, want %d", user, n, limit)
		}
	}
}

func TestRequestersAreTheOwnersOfKeysThatWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob := b.user().ID, b.user().ID
	hash := func(c byte) []byte { return slices.Repeat([]byte{c}, 32) }
	for _, key := range []billing.APIKey{
		{UserID: ann, Name: "one", Hash: hash('1')},
		{UserID: ann, Name: "two", Hash: hash('2'), ExpiresAt: b.now.Add(time.Hour)},
		{UserID: bob, Name: "one", Hash: hash('3')},
		{UserID: bob, Name: "two", Hash: hash('4')},
	} {
		added, err := b.AddAPIKey(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if string(key.Hash) != string(hash('4')) {
			continue
		}
		if _, err := b.RevokeAPIKey(t.Context(), bob, added.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range [][]string{{bob, "", ann, ann, ""}, {bob, "", "", ann, ""}} {
		got := b.requesters(hash('3'), hash('9'), hash('2'), hash('1'), hash('4'))
		for i, r := range got {
			if r.UserID != want[i] || r.Subscriptions != nil {
				t.Errorf("key %d: got %+v, want user %q", i, r, want[i])
			}
		}
		b.now = b.now.Add(time.Hour)
	}
}

func (b *bundle) requesters(hashes ...[]byte) []billing.Requester {
	b.t.Helper()
	requesters, err := b.Requesters(b.t.Context(), hashes)
	if err != nil || len(requesters) != len(hashes) {
		b.t.Fatalf("got %+v %v", requesters, err)
	}
	return requesters
}

func TestEndedWindowsAreDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, young := b.user().ID, b.user().ID
	b.lease(billing.RequestLease{UserID: old, Limit: 5, Size: 1})
	b.now = b.now.Add(30 * time.Minute)
	b.lease(billing.RequestLease{UserID: young, Limit: 5, Size: 1})
	b.now = b.now.Add(45 * time.Minute)
	if n, err := b.DeleteEndedWindows(t.Context()); n != 1 || err != nil {
		t.Errorf("got %d %v", n, err)
	}
	var left []string
	if err := b.Select(t.Context(), &left, `SELECT user_id FROM request_windows`); err != nil || !slices.Equal(left, []string{young}) {
		t.Errorf("left: %v %v", left, err)
	}
}
