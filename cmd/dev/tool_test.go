package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// tool runs a command of the product beside the run, and returns what it said and its exit status.
func (r *devRun) tool(environ []string, args ...string) (string, int) {
	r.t.Helper()
	cmd := exec.Command("./dev", args...)
	cmd.Dir = r.cmd.Dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "DATA_DIR=" + r.data, journalEnv + "=" + r.journal}, environ...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestCommandsWorkOnWhatIsUp(t *testing.T) {
	t.Parallel()
	r := startDev(t, noParent)
	if out, code := r.tool(nil, "doctor"); code != 1 || !strings.Contains(out, "start `make run`") {
		t.Errorf("before anything is up: %d, %s", code, out)
	}
	r.waitFor("Commands")
	if info, err := os.Stat(filepath.Join(r.data, environmentFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the settings can be read by others: %v, %v", info, err)
	}
	if out, code := r.tool(nil, "doctor", "--json"); code != 0 {
		t.Errorf("got %d, %s", code, out)
	}
	r.waitFor("doctor --json with http://localhost:")
	if out, code := r.tool([]string{brokenEnv + "=doctor"}, "doctor"); code != 7 {
		t.Errorf("its exit status is not passed on: %d, %s", code, out)
	}
	r.send(r.cmd.Process.Pid, syscall.SIGTERM)
	<-r.ended
	if out, code := r.tool(nil, "doctor"); code != 1 || !strings.Contains(out, "start `make run`") {
		t.Errorf("after it has stopped: %d, %s", code, out)
	}
}
