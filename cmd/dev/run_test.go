package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/testkit"
)

// patience is how long starting and stopping may take on a busy machine.
const patience = time.Minute

// devRun is one run of the program under test.
type devRun struct {
	t       *testing.T
	cmd     *exec.Cmd
	output  *output
	data    string
	journal string
	ended   chan struct{}
}

// Parents to start the program under: a shell, which stays, and make. Both are given the program as an argument.
var (
	noParent []string
	aShell   = []string{"sh", "-c", `"$0"; true`}
	aMake    = []string{"make", "--silent", "-f", "dev.mk"}
)

// startDev starts the program in a process of its own.
func startDev(t *testing.T, parent []string, environ ...string) *devRun {
	t.Helper()
	if os.Getenv("CI") == "" {
		skipWithoutPostgres(t)
	}
	bin, data := t.TempDir(), dataFolder(t)
	if err := os.WriteFile(filepath.Join(bin, "dev.mk"), []byte(".PHONY: ./dev\n./dev:\n\t@exec ./dev\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dev", "payloop", "sandbox"} {
		link(t, filepath.Join(bin, name))
	}
	r := &devRun{t: t, output: &output{}, data: data, journal: filepath.Join(bin, "journal"), ended: make(chan struct{})}
	parent = append(slices.Clone(parent), "./dev")
	r.cmd = exec.Command(parent[0], parent[1:]...)
	r.cmd.Dir = bin
	r.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "DATA_DIR=" + data, journalEnv + "=" + r.journal,
		"LISTEN_ADDR=localhost:" + freePort(t), "SANDBOX_ADDR=localhost:" + freePort(t),
	}, environ...)
	r.cmd.Stdout, r.cmd.Stderr = r.output, r.output
	r.cmd.WaitDelay = time.Second
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = r.cmd.Wait(); close(r.ended) }()
	t.Cleanup(r.clear)
	return r
}

func skipWithoutPostgres(t *testing.T) {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres"); len(found) > 0 {
		return
	}
	if _, err := exec.LookPath("postgres"); err != nil {
		const missing = "this test needs Postgres: apt-get install postgresql"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
}

// dataFolder is one that Postgres's user can enter, so that the test finds the data where it asked for it.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "payloop-run-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// link gives the test binary another name.
func link(t *testing.T, name string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if os.Link(self, name) == nil {
		return
	}
	if out, err := exec.Command("cp", self, name).CombinedOutput(); err != nil { // another file system
		t.Fatalf("copying the test binary: %v: %s", err, out)
	}
}

// clear kills what a failed test left, so that the next one does not meet it.
func (r *devRun) clear() {
	if r.t.Failed() {
		r.t.Logf("output:\n%s\njournal:\n%s", r.output, r.noted())
		for _, pid := range r.pids() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	_ = r.cmd.Process.Kill()
	<-r.ended
}

func (r *devRun) waitFor(text string) {
	r.t.Helper()
	testkit.Eventually(r.t, patience, func() (bool, string) {
		seen := r.output.String() + r.noted()
		return strings.Contains(seen, text), fmt.Sprintf("%q is not in:\n%s", text, seen)
	})
}

func (r *devRun) noted() string {
	text, _ := os.ReadFile(r.journal)
	return string(text)
}

// fake is the process id that a stand-in noted.
func (r *devRun) fake(name string) int {
	match := regexp.MustCompile(name + ` (?:is )?(\d+)\n`).FindStringSubmatch(r.noted())
	if match == nil {
		return 0
	}
	pid, _ := strconv.Atoi(match[1])
	return pid
}

// pids are all processes of the run that are known: this one's child, the stand-ins, Postgres and its keeper. The keeper's
// owner is the program under test.
func (r *devRun) pids() map[string]int {
	return map[string]int{
		"child":    r.cmd.Process.Pid,
		"app":      r.fake("app"),
		"sandbox":  r.fake("sandbox"),
		"command":  r.fake("hanging"),
		"postgres": numberIn(filepath.Join(r.data, "postgres/data/postmaster.pid"), 0),
		"dev":      numberIn(filepath.Join(r.data, "postgres/lock"), 0),
		"keeper":   numberIn(filepath.Join(r.data, "postgres/lock"), 1),
	}
}

func numberIn(file string, line int) int {
	text, _ := os.ReadFile(file)
	fields := strings.Split(string(text), "\n")
	if line >= len(fields) {
		return 0
	}
	n, _ := strconv.Atoi(fields[line])
	return n
}

// mustEnd waits for the program's end and checks its exit status, and that none of the processes is left.
func (r *devRun) mustEnd(pids map[string]int, status int) {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.t.Fatal("the program does not end")
	}
	if got := r.cmd.ProcessState.ExitCode(); got != status {
		r.t.Errorf("exit status %d, want %d", got, status)
	}
	for name, pid := range pids {
		testkit.Eventually(r.t, patience, func() (bool, string) {
			return !running(pid), fmt.Sprintf("%s (process %d) is left", name, pid)
		})
	}
}

// running does not count a zombie: in a container there may be nobody to take note of its end.
func running(pid int) bool {
	if pid <= 0 || syscall.Kill(pid, 0) != nil {
		return false
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !bytes.Contains(text, []byte(") Z "))
}

// output is what the program printed so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

var _ io.Writer = (*output)(nil)

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
