package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startWithin = 30 * time.Second
	stopWithin  = 30 * time.Second
	lookEvery   = 20 * time.Millisecond
)

// program is a server to measure.
type program struct {
	path    string
	args    []string
	environ []string
}

// passedOn are the variables of this process that its children get, too: those that both runtimes and systems read. The
// rest stays behind, so that nobody's settings of the product change what is measured.
var passedOn = []string{"PATH", "HOME", "TMPDIR", "GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG"}

func environment(own ...string) []string {
	var env []string
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); slices.Contains(passedOn, name) {
			env = append(env, v)
		}
	}
	return append(env, own...)
}

// process is a server that runs.
type process struct {
	addr string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// start starts a server and returns when it takes connections. Only the main goroutine may call it: see main.
func (p program) start(ctx context.Context) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	cmd := p.command(addr)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.path, err)
	}
	s := &process{addr: addr, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(s.done)
	}()
	return s, s.ready(ctx)
}

// runOnce runs a program that ends by itself.
func (p program) runOnce() error {
	var said bytes.Buffer
	cmd := p.command("127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", p.path, strings.Join(p.args, " "), err, &said)
	}
	return nil
}

func (p program) command(addr string) *exec.Cmd {
	cmd := exec.Command(p.path, p.args...)
	cmd.Dir = os.TempDir() // a file .env in the current folder is not meant
	cmd.Env = append(p.environ, "LISTEN_ADDR="+addr, "BASE_URL=http://"+addr)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = childAttributes()
	return cmd
}

func (s *process) ready(ctx context.Context) error {
	deadline := time.Now().Add(startWithin)
	for {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			s.kill()
			return ctx.Err()
		case <-s.done:
			return fmt.Errorf("%s ended at once: %s", s.cmd, s.cmd.ProcessState)
		case <-time.After(lookEvery):
		}
		if time.Now().After(deadline) {
			s.kill()
			return fmt.Errorf("%s does not answer at %s: %w", s.cmd, s.addr, err)
		}
	}
}

// stop asks the server to end, and returns when it has.
func (s *process) stop() error {
	select {
	case <-s.done:
		return fmt.Errorf("%s ended by itself: %s", s.cmd, s.cmd.ProcessState)
	default:
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
		return nil
	case <-time.After(stopWithin):
		s.kill()
		return fmt.Errorf("%s did not stop within %s and was killed", s.cmd, stopWithin)
	}
}

func (s *process) kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// peakMemory is the most that was resident since the start, in bytes; zero where the kernel does not tell.
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func (s *process) peakMemory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "VmHWM:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// tick is the unit of processor time in /proc. It is the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// processorTime is what the process has used of the processors so far.
func (s *process) processorTime() time.Duration { return processorTime(s.cmd.Process.Pid) }

// processorTime is zero where the kernel does not tell. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func processorTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, afterName, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(afterName)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
