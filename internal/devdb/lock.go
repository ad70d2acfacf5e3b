package devdb

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// lockPatience is how long to wait for a keeper whose owner is dead: it is about to be done.
const lockPatience = 15 * time.Second

// lock makes this keeper the only one at a place, for as long as it lives: the kernel gives the lock back however it ends.
// The file holds the process ids of owner and keeper, for the message to whoever comes second.
func lock(dir string, owner int, dismissed <-chan struct{}) (*os.File, error) {
	name := filepath.Join(dir, "lock")
	deadline := time.Now().Add(lockPatience)
	for {
		f, holder, err := tryLock(name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("locking Postgres's data: %w", err)
		case f != nil:
			return f, noteHolders(f, owner)
		case isClosed(dismissed):
			return nil, errDismissed
		case alive(holder) || time.Now().After(deadline):
			return nil, failed(ErrInUse, "The database in %s is in use by process %d: stop that one first, or set DATA_DIR to another folder.", dir, holder)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// tryLock returns the locked file, or the owner of the keeper that has it.
func tryLock(name string) (*os.File, int, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, 0, nil
	}
	defer f.Close()
	if err != syscall.EWOULDBLOCK {
		return nil, 0, err
	}
	text, _ := os.ReadFile(name)
	holder, _ := strconv.Atoi(firstLine(string(text)))
	return nil, holder, nil
}

func noteHolders(f *os.File, owner int) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintf(f, "%d\n%d\n", owner, os.Getpid())
	return err
}
