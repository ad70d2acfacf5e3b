package devdb

import "golang.org/x/sys/unix"

// adoptOrphans makes this process the parent of Postgres when pg_ctl, which starts it, ends. Otherwise process 1 is, which
// in a container may leave it a zombie. Where the kernel refuses, that is how it stays.
func adoptOrphans() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}
