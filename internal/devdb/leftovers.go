package devdb

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// settled is the age from which a temporary folder without a lock is a leftover, and not one just being made.
const settled = time.Minute

// clearUp leaves nothing of a keeper that was killed: no Postgres, and no temporary folder.
func clearUp(dir string, temporary bool) error {
	if dir == "" {
		return nil
	}
	halt(place{dir: dir}.data())
	if !temporary {
		return nil
	}
	return os.RemoveAll(dir)
}

// clearLeftovers clears up after temporary servers whose keeper and owner were both killed.
func clearLeftovers(mine string) {
	dirs, _ := filepath.Glob(filepath.Join(filepath.Dir(mine), tempPrefix+"*"))
	for _, dir := range dirs {
		if dir != mine && isLeftover(dir) {
			_ = clearUp(dir, true)
		}
	}
}

func isLeftover(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || time.Since(info.ModTime()) < settled {
		return false
	}
	if int(info.Sys().(*syscall.Stat_t).Uid) != os.Getuid() {
		return false
	}
	f, _, err := tryLock(filepath.Join(dir, "lock"))
	if f == nil || err != nil {
		return false
	}
	return f.Close() == nil
}
