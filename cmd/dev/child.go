package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopWithin is how long a program may take to answer what is under way. The app gives itself less.
const stopWithin = 20 * time.Second

// hurriedWithin is how long each may still take once whoever waits has lost patience: enough to save what it knows.
const hurriedWithin = time.Second

// outputWithin is how long to read on from a program that has ended, in case it left its output to another.
const outputWithin = time.Second

// program is what to start.
type program struct {
	name    string // before each line it prints
	file    string // beside this program's own
	args    []string
	logOnly bool // pass on what it logs, not what else it prints
}

func (p program) String() string {
	return strings.Join(append([]string{p.file}, p.args...), " ")
}

// child is a program started by this one.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

func startChild(p program, bin string, environ []string, out io.Writer) (*child, error) {
	cmd := exec.Command(filepath.Join(bin, p.file), p.args...)
	cmd.Env = environ
	cmd.Stderr = out
	if !p.logOnly {
		cmd.Stdout = out
	}
	cmd.WaitDelay = outputWithin
	cmd.SysProcAttr = childAttributes()
	if err := cmd.Start(); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s is missing: `make build` makes it.", cmd.Path)
		}
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	c := &child{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// stop asks the program to end, waits until it has, and kills it if that takes too long or whoever waits is in a hurry.
func (c *child) stop(hurry <-chan struct{}) {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stopWithin):
	case <-hurry:
		select {
		case <-c.done:
		case <-time.After(hurriedWithin):
		}
	}
	// The group, in case it started others. By now it may be empty, which is what is wanted.
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	<-c.done
}

// status is how the program ended: exit status 1, signal: killed.
func (c *child) status() string { return c.cmd.ProcessState.String() }

func (c *child) succeeded() bool { return c.cmd.ProcessState.Success() }
