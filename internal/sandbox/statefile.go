package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// stateFile keeps the engine's state on disk. The file is always whole: it is written beside, synced, and renamed.
type stateFile struct {
	path   string // empty: nothing is kept
	engine *engine.Engine

	mu      sync.Mutex
	done    *sync.Cond
	writing bool
	saved   uint64 // the Changed count that is on disk
}

func openState(path string, e *engine.Engine) (*stateFile, error) {
	f := &stateFile{path: path, engine: e}
	f.done = sync.NewCond(&f.mu)
	if path == "" {
		return f, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, f.save()
	}
	if err != nil {
		return nil, fmt.Errorf("read the state file: %w", err)
	}
	if err := e.Restore(data); err != nil {
		return nil, fmt.Errorf("state file %s: %w", path, err)
	}
	return f, nil
}

// save returns once everything changed before the call is on disk. Callers that come while a write runs share
// the next one.
func (f *stateFile) save() error {
	if f.path == "" {
		return nil
	}
	want := f.engine.Changed()
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.saved < want {
		if f.writing {
			f.done.Wait()
			continue
		}
		f.writing = true
		f.mu.Unlock()
		covers, err := f.write()
		f.mu.Lock()
		f.writing = false
		f.done.Broadcast()
		if err != nil {
			return err
		}
		f.saved = covers
	}
	return nil
}

func (f *stateFile) write() (covers uint64, err error) {
	data, covers, err := f.engine.Snapshot()
	if err != nil {
		return 0, err
	}
	dir, base := filepath.Split(f.path)
	tmp, err := os.CreateTemp(dir, base+".tmp*")
	if err != nil {
		return 0, fmt.Errorf("save the state: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), f.path)
	}
	if err != nil {
		return 0, fmt.Errorf("save the state: %w", err)
	}
	syncDir(dir)
	return covers, nil
}

// syncDir makes the rename itself last; not every file system can, and then there is nothing to do about it.
func syncDir(dir string) {
	if dir == "" {
		dir = "."
	}
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
