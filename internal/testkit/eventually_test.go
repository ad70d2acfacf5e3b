package testkit_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/testkit"
)

func TestEventuallyWaits(t *testing.T) {
	t.Parallel()
	tries := 0
	testkit.Eventually(t, time.Minute, func() (bool, string) {
		tries++
		return tries == 3, "not yet"
	})
	if tries != 3 {
		t.Errorf("tried %d times, want 3", tries)
	}
}

func TestEventuallyFailsWithTheLastMessage(t *testing.T) {
	t.Parallel()
	tries := 0
	r := &recorder{TB: t}
	testkit.Eventually(r, 30*time.Millisecond, func() (bool, string) {
		tries++
		return false, "try " + strconv.Itoa(tries)
	})
	if want := "try " + strconv.Itoa(tries); !strings.HasSuffix(r.fatal, want) {
		t.Errorf("failed with %q, want it to end in %q", r.fatal, want)
	}
}
