package main

import (
	"context"
	"os"
	"strconv"
	"time"
)

// processorTime is what Postgres has used of the processors so far: its first process, those that runs, and those it ran.
// It is zero where the kernel does not tell, and for a server on another machine.
func (c *cluster) processorTime() time.Duration {
	if c.postmaster == 0 {
		return 0
	}
	first := readStat(c.postmaster)
	used := first.used + first.ended
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s := readStat(pid); s.parent == c.postmaster {
			used += s.used
		}
	}
	return used
}

// findPostmaster returns the id of Postgres' first process, or zero where it is not to be seen from here. A server on another
// machine has process ids, too, but it would be chance if there were a Postgres of that id here.
func (c *cluster) findPostmaster(ctx context.Context) (int, error) {
	var backend int
	if err := c.admin.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		return 0, err
	}
	s := readStat(backend)
	if s.name != "postgres" || readStat(s.parent).name != "postgres" {
		return 0, nil
	}
	return s.parent, nil
}
