package testkit

import (
	"testing"
	"time"
)

// pollEvery is short enough not to slow a test down, and long enough not to slow down what it waits for.
const pollEvery = 10 * time.Millisecond

// Eventually waits until cond holds, and fails the test if it does not within the time given. The message says what was
// seen instead; the last one is the test's failure.
func Eventually(t testing.TB, within time.Duration, cond func() (ok bool, message string)) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		ok, message := cond()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, message)
			return
		}
		time.Sleep(pollEvery)
	}
}
