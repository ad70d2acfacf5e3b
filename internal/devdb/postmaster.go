package devdb

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// postmaster is the process id of the Postgres that runs on a data folder, or zero. The file it is read from outlives a
// Postgres that was killed, and its number may be another process's by now: so the command line must name the folder too.
func postmaster(data string) int {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(firstLine(string(text)))
	if err != nil || pid <= 1 || !alive(pid) || !strings.Contains(commandLine(pid), data) {
		return 0
	}
	return pid
}

func alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return (err == nil || err == syscall.EPERM) && !zombie(pid)
}

// zombie tells that a process has ended, and only its parent has not asked how: in a container nobody ever may.
func zombie(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	afterName := string(text[bytes.LastIndexByte(text, ')')+1:])
	return strings.HasPrefix(afterName, " Z")
}

func commandLine(pid int) string {
	id := strconv.Itoa(pid)
	if text, err := os.ReadFile("/proc/" + id + "/cmdline"); err == nil {
		return strings.ReplaceAll(string(text), "\x00", " ")
	}
	text, _ := exec.Command("ps", "-ww", "-o", "args=", "-p", id).Output()
	return string(text)
}

// halt ends the Postgres on a data folder, if there is one: first as one should, then as one must.
func halt(data string) {
	steps := []struct {
		signal syscall.Signal
		within time.Duration
	}{
		{syscall.SIGINT, 10 * time.Second}, // fast shutdown: clients are cut off, everything is written
		{syscall.SIGQUIT, 3 * time.Second}, // immediate shutdown: the next start replays the log
		{syscall.SIGKILL, 2 * time.Second},
	}
	for _, step := range steps {
		pid := postmaster(data)
		if pid == 0 {
			return
		}
		_ = syscall.Kill(pid, step.signal)
		for deadline := time.Now().Add(step.within); alive(pid) && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
	}
}
