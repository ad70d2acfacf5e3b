package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// stateFile keeps the engine's state on disk, as a journal: what changed is added at the end, in one piece, before it is
// answered. Once the journal has grown well beyond what it tells of, it is written anew, beside, and renamed.
//
// It survives the end of the process at any moment. A power cut may cost the last lines: waiting for the disk with each
// request would cost most of the speed, and this is no bank.
type stateFile struct {
	path   string // empty: nothing is kept
	slack  int64
	engine *engine.Engine

	mu      sync.Mutex
	done    *sync.Cond
	writing bool
	closed  bool
	saved   uint64 // the Changed count that is on disk

	// Whoever has set writing has these to himself.
	file *os.File // open and locked
	size int64    // of the file
	lean int64    // of the file when it was written anew
}

// defaultSlack is how much a journal may grow before it is worth writing anew, in bytes.
const defaultSlack = 8 << 20

func openState(path string, slack int64, e *engine.Engine) (*stateFile, error) {
	if slack == 0 {
		slack = defaultSlack
	}
	f := &stateFile{path: path, slack: slack, engine: e}
	f.done = sync.NewCond(&f.mu)
	if path == "" {
		return f, nil
	}
	e.KeepJournal()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return f, f.save()
	}
	if err == nil {
		f.file, err = file, f.read(file)
	}
	if err != nil {
		err = fmt.Errorf("state file %s: %w", path, err)
		return nil, errors.Join(err, f.close())
	}
	return f, f.save()
}

// read takes the file for this process alone, and the state from it. What a crash left of a last line is cut off.
func (f *stateFile) read(file *os.File) error {
	if err := lock(file); err != nil {
		return fmt.Errorf("another sandbox uses it: stop that one, or choose another file (%w)", err)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	if older := bytes.HasPrefix(bytes.TrimSpace(data), []byte(`{"state":`)); older {
		return f.engine.Restore(data) // and is written anew
	}
	good, err := f.engine.Replay(data)
	if err != nil {
		return err
	}
	f.size, f.lean = int64(good), int64(good)
	return file.Truncate(f.size)
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
	for f.saved < want && !f.closed {
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
			return fmt.Errorf("save the state: %w", err)
		}
		f.saved = covers
	}
	return nil
}

// write adds what changed to the file.
func (f *stateFile) write() (covers uint64, err error) {
	if f.file == nil || f.size > 2*f.lean+f.slack {
		return f.rewrite()
	}
	line, whole, covers := f.engine.Unit()
	if whole {
		return f.rewrite()
	}
	if line == nil {
		return covers, nil
	}
	n, err := f.file.Write(line)
	f.size += int64(n)
	if err != nil {
		f.engine.Rewrite() // half a line may be there: the next write begins anew
	}
	return covers, err
}

// rewrite writes everything into a new file, which takes the place of the old one when it is whole.
func (f *stateFile) rewrite() (covers uint64, err error) {
	data, covers := f.engine.Journal()
	dir, base := filepath.Split(f.path)
	tmp, err := os.CreateTemp(dir, base+".tmp*")
	if err != nil {
		f.engine.Rewrite()
		return 0, err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), lock(tmp))
	if err == nil {
		err = os.Rename(tmp.Name(), f.path)
	}
	if err != nil {
		f.engine.Rewrite()
		return 0, errors.Join(err, tmp.Close(), os.Remove(tmp.Name()))
	}
	syncDir(dir)
	old := f.file
	f.file, f.size, f.lean = tmp, int64(len(data)), int64(len(data))
	if old != nil {
		err = old.Close()
	}
	return covers, err
}

// close saves what is left and gives the file free. It may be called twice.
func (f *stateFile) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.writing {
		f.done.Wait()
	}
	if f.closed || f.file == nil {
		return nil
	}
	f.closed = true
	return errors.Join(f.file.Sync(), f.file.Close())
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
