package devdb

import (
	"fmt"
	"os"
	"syscall"
)

// memoryFolder is a file system in memory, where Linux has one. Copying a database there takes a tenth of the time.
const memoryFolder = "/dev/shm"

// memoryWanted is the room it must have: containers are often given 64 MB, while a few test binaries with many databases
// each want some hundred.
const memoryWanted = 2 << 30

// onDisk is where files that are in nobody's way go, on every Unix.
const onDisk = "/var/tmp"

func temporaryPlace() (place, error) {
	p := place{temporary: true, uid: os.Getuid(), gid: os.Getgid()}
	var err error
	if p.uid == 0 {
		if p.uid, p.gid, err = nobody(); err != nil {
			return place{}, err
		}
	}
	if p.dir, err = os.MkdirTemp(temporaryParent(p), tempPrefix); err != nil {
		return place{}, fmt.Errorf("making a folder for Postgres: %w", err)
	}
	return p, nil
}

// temporaryParent prefers what TMPDIR asks for, and takes only what Postgres's user may enter.
func temporaryParent(p place) string {
	parent := os.TempDir()
	if os.Getenv("TMPDIR") == "" && roomy(memoryFolder) {
		parent = memoryFolder
	}
	if !enterable(parent, p.uid, p.gid) {
		return onDisk
	}
	return parent
}

func roomy(dir string) bool {
	var room syscall.Statfs_t
	if err := syscall.Statfs(dir, &room); err != nil {
		return false
	}
	info, err := os.Stat(dir)
	const anyoneMayWrite = 0o002
	return err == nil && info.Mode()&anyoneMayWrite != 0 && uint64(room.Bavail)*uint64(room.Bsize) >= memoryWanted
}
