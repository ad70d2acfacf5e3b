package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// replica is the product as a process that is started again whenever it ends,
// as a service manager would.
type replica struct {
	t       *testing.T
	environ []string
	addr    atomic.Value // string; empty while nobody listens
	starts  atomic.Int64
	log     syncWriter // of all its lives

	mu      sync.Mutex
	process *exec.Cmd // of this life
	stopped bool
	ended   chan struct{} // closed when it is not started again
}

// startReplica starts one and keeps it up until stop.
func startReplica(t *testing.T, environ []string) *replica {
	t.Helper()
	r := &replica{t: t, environ: environ, ended: make(chan struct{})}
	r.addr.Store("")
	go r.keepUp()
	t.Cleanup(func() { r.stop(syscall.SIGKILL) })
	return r
}

// restartPause keeps one that cannot start from using up the machine.
const restartPause = 100 * time.Millisecond

func (r *replica) keepUp() {
	defer close(r.ended)
	for {
		out := &addressReader{replica: r}
		cmd, err := r.begin(out)
		if err != nil {
			r.t.Errorf("starting a replica: %v", err)
			return
		}
		if cmd == nil {
			return
		}
		err = cmd.Wait()
		r.addr.Store("")
		fmt.Fprintf(&r.log, "--- ended: %v\n", err)
		time.Sleep(restartPause)
	}
}

// begin starts the next life; it returns nil when there is none.
func (r *replica) begin(out *addressReader) (*exec.Cmd, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return nil, nil
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, "serve") // ended by stop, which must see how
	cmd.Env = append([]string{asPayloop + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}, r.environ...)
	cmd.Dir = "/" // no .env there
	cmd.Stdout, cmd.Stderr = out, out
	r.process = cmd
	r.starts.Add(1)
	return cmd, cmd.Start()
}

// end ends this life, and another begins.
func (r *replica) end(signal syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.signal(signal)
}

func (r *replica) signal(s syscall.Signal) {
	if r.process != nil && r.process.Process != nil {
		r.process.Process.Signal(s)
	}
}

// stop ends it for good, and returns how the last life ended.
func (r *replica) stop(signal syscall.Signal) (code int) {
	r.mu.Lock()
	r.stopped = true
	r.signal(signal)
	r.mu.Unlock()
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.end(syscall.SIGKILL)
		<-r.ended
	}
	if r.process == nil {
		return 0
	}
	return r.process.ProcessState.ExitCode()
}

// addressReader keeps a replica's log, and takes from it where it listens.
type addressReader struct {
	replica *replica
	found   bool
}

var listens = regexp.MustCompile(`listen_addr=(\S+)`)

// Write is called with whole lines: the product logs one at a time.
func (a *addressReader) Write(p []byte) (int, error) {
	if m := listens.FindSubmatch(p); m != nil && !a.found {
		a.found = true
		a.replica.addr.Store(string(m[1]))
	}
	return a.replica.log.Write(p)
}
