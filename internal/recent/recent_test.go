package recent

import (
	"fmt"
	"testing"
	"time"
)

func TestWhatIsNotAskedForIsForgotten(t *testing.T) {
	t.Parallel()
	m := Map[string, int]{Keep: time.Minute, Max: 100}
	now := time.Now()
	m.Put("idle", 1, now)
	m.Put("busy", 2, now)
	for minute := range 3 {
		if v, ok := m.Get("busy", now.Add(time.Duration(minute)*time.Minute)); !ok || v != 2 {
			t.Fatalf("minute %d: the busy one is gone", minute)
		}
	}
	if _, ok := m.Get("idle", now); ok {
		t.Error("the idle one is there after two minutes")
	}
	for i := range 1000 {
		m.Put(fmt.Sprint(i), i, now)
	}
	if n := len(m.young) + len(m.old); n > 200 {
		t.Errorf("it holds %d, want 200 at most", n)
	}
}
