package devdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// stopWithin is how long a keeper may take to stop Postgres before both are killed. Postgres writes a checkpoint when it
// stops, which takes well below a second on development data.
const stopWithin = 20 * time.Second

// keeperProcess is the keeper as its owner sees it.
type keeperProcess struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser // open for as long as the owner lives
	stdout io.ReadCloser
	place  chan string // where the data lies, once known
	done   chan struct{}
	temp   bool
}

func startKeeper(o Options) (*keeperProcess, error) {
	what, err := json.Marshal(order{Owner: os.Getpid(), Dir: o.Dir, Port: o.Port, Durable: o.Durable, Settings: o.Settings})
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(withoutPostgres(os.Environ()), keeperEnv+"="+string(what))
	cmd.Stderr = o.Log
	// A session of its own, so that Ctrl-C at the terminal ends the application first, and Postgres after it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	k := &keeperProcess{cmd: cmd, place: make(chan string, 1), done: make(chan struct{}), temp: o.Dir == ""}
	if k.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if k.stdout, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return k, cmd.Start()
}

// withoutPostgres drops PGHOST, PGOPTIONS and their like, which are about other servers.
func withoutPostgres(environ []string) []string {
	var kept []string
	for _, variable := range environ {
		if !strings.HasPrefix(variable, "PG") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// ready waits for the keeper's report.
func (k *keeperProcess) ready(ctx context.Context) (report, error) {
	type answer struct {
		report
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		said, err := readReport(k.stdout)
		if err == nil {
			k.place <- said.Dir
		}
		answers <- answer{said, err}
		k.wait()
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return report{}, fmt.Errorf("Postgres's keeper ended before it said anything: %w", a.err)
		}
		return a.report, a.report.err()
	case <-ctx.Done():
		return report{}, fmt.Errorf("Postgres did not start in time: %w", ctx.Err())
	}
}

// wait sees the keeper off. Killed, it leaves Postgres running: then the owner does what the keeper no longer can.
func (k *keeperProcess) wait() {
	defer close(k.done)
	_, _ = io.Copy(io.Discard, k.stdout)
	_ = k.cmd.Wait()
	select {
	case dir := <-k.place:
		_ = clearUp(dir, k.temp)
	default:
	}
}

// stop asks the keeper to stop Postgres, and waits until both are gone.
func (k *keeperProcess) stop() error {
	_ = k.stdin.Close()
	select {
	case <-k.done:
	case <-time.After(stopWithin):
		_ = k.cmd.Process.Kill()
		<-k.done
		return errors.New("Postgres did not stop in time and was killed")
	}
	if code := k.cmd.ProcessState.ExitCode(); code != 0 && code != exitNotStarted {
		return fmt.Errorf("Postgres's keeper: %s", k.cmd.ProcessState)
	}
	return nil
}
