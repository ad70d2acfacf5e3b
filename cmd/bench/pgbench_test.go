package main

import (
	"slices"
	"testing"
	"time"
)

func TestPgbenchsLogIsReadWithoutItsBeginning(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	var all transactions
	for _, line := range []string{"0 1 1000 0 1700000000 100000", "1 1 3000 0 1700000001 200000", "0 2 2000 0 1700000002 100000"} {
		one, err := readTransaction(line)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	for warm, want := range map[time.Duration][]time.Duration{0: {ms, 3 * ms}, 500 * ms: {3 * ms}, time.Second: {2 * ms, 3 * ms}} {
		o := all.within(warm, 1500*ms)
		if !slices.Equal(o.took, want) {
			t.Errorf("from %s on: got %v, want %v", warm, o.took, want)
		}
	}
	if got, want := all.within(time.Second, 1500*ms).measured, 1001*ms; all.long() != 2001*ms || got != want {
		t.Errorf("the run took %s, and %s of it are measured, want %s", all.long(), got, want)
	}
	for _, line := range []string{"", "0 1 1000 0 1700000000", "0 1 failed 0 1700000000 1", "pgbench: error: no connection to the server"} {
		if _, err := readTransaction(line); err == nil {
			t.Errorf("%q passes for a transaction", line)
		}
	}
}
