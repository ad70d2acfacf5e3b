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

// with is the same program with other arguments.
func (p program) with(args ...string) program {
	p.args = args
	return p
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

// processorTime is zero where the kernel does not tell.
func processorTime(pid int) time.Duration { return readStat(pid).used }

// stat is what the kernel tells of a process. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
type stat struct {
	name   string
	parent int
	used   time.Duration // of the processors
	ended  time.Duration // the same of its children that have ended
}

// readStat returns nothing where the kernel does not tell.
func readStat(pid int) (s stat) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}
	}
	_, afterID, _ := strings.Cut(string(text), " (")
	end := strings.LastIndex(afterID, ") ")
	if end < 0 {
		return stat{}
	}
	s.name = afterID[:end]
	fields := strings.Fields(afterID[end+2:])
	if len(fields) < 15 {
		return stat{}
	}
	number := func(i int) time.Duration {
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		return time.Duration(n)
	}
	s.parent = int(number(1))
	s.used, s.ended = (number(11)+number(12))*tick, (number(13)+number(14))*tick
	return s
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
