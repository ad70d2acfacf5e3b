package main

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const up = "Payloop is up."

func TestSignalStopsAllInOrder(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			r := startDev(t, noParent)
			r.waitFor(up)
			pids := r.allPIDs()
			r.send(r.cmd.Process.Pid, signal)
			r.mustEnd(pids, 0)
			if want := "app stops, database there\nsandbox stops, database there\n"; !strings.HasSuffix(r.noted(), want) {
				t.Errorf("noted:\n%swant it to end in:\n%s", r.noted(), want)
			}
		})
	}
}

func TestKilledLeavesNothing(t *testing.T) {
	t.Parallel()
	r := startDev(t, noParent)
	r.waitFor(up)
	pids := r.allPIDs()
	r.send(r.cmd.Process.Pid, syscall.SIGKILL)
	r.mustEnd(pids, -1)
}

// Whoever kills it and starts it again at once finds it as it was.
func TestStartRightAfterKilled(t *testing.T) {
	t.Parallel()
	r := startDev(t, noParent)
	r.waitFor(up)
	pids := r.allPIDs()
	r.send(r.cmd.Process.Pid, syscall.SIGKILL)

	again := startDev(t, noParent, slices.DeleteFunc(slices.Clone(r.cmd.Env), func(v string) bool {
		return strings.HasPrefix(v, journalEnv)
	})...)
	again.data = r.data
	again.waitFor(up)
	r.mustEnd(pids, -1)
	pids = again.allPIDs()
	again.send(again.cmd.Process.Pid, syscall.SIGTERM)
	again.mustEnd(pids, 0)
}

func TestParentKilledLeavesNothing(t *testing.T) {
	t.Parallel()
	r := startDev(t, aShell)
	r.waitFor(up)
	pids := r.allPIDs()
	if pids["dev"] == pids["child"] {
		t.Fatal("there is no parent in between")
	}
	r.send(pids["child"], syscall.SIGKILL)
	r.mustEnd(pids, -1)
	if !strings.Contains(r.noted(), "app stops, database there\nsandbox stops, database there\n") {
		t.Errorf("not stopped in order:\n%s", r.noted())
	}
}

// A signal to make alone is not passed on by it.
func TestMakeToldToEnd(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux does it show")
	}
	if _, err := exec.LookPath("make"); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			r := startDev(t, aMake)
			r.waitFor(up)
			pids := r.allPIDs()
			r.send(pids["child"], signal)
			r.mustEnd(pids, -1)
			if !strings.Contains(r.noted(), "app stops, database there\nsandbox stops, database there\n") {
				t.Errorf("not stopped in order:\n%s", r.noted())
			}
		})
	}
}

func TestWhateverDiesEndsTheRest(t *testing.T) {
	t.Parallel()
	for who, message := range map[string]string{
		"app":     "The app ended by itself (signal: killed).",
		"sandbox": "The sandbox ended by itself (signal: killed).",
		"keeper":  "The database ended by itself.",
	} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			r := startDev(t, noParent)
			r.waitFor(up)
			pids := r.allPIDs()
			r.send(pids[who], syscall.SIGKILL)
			r.mustEnd(pids, 1)
			if !strings.Contains(r.output.String(), message) {
				t.Errorf("%q is not in the output", message)
			}
		})
	}
}

func TestStepThatFails(t *testing.T) {
	t.Parallel()
	r := startDev(t, noParent, brokenEnv+"=catalog sync")
	r.waitFor("`payloop catalog sync` failed (exit status 7).")
	r.mustEnd(r.pids(), 1)
	if strings.Contains(r.noted(), "serve") {
		t.Error("the app was started all the same")
	}
}

func TestSignalWhileStarting(t *testing.T) {
	t.Parallel()
	r := startDev(t, noParent, hangingEnv+"=migrate")
	r.waitFor("hanging")
	pids := r.pids()
	r.send(r.cmd.Process.Pid, syscall.SIGINT)
	r.mustEnd(pids, 0)
}

func TestSecondSignalHurries(t *testing.T) {
	t.Parallel()
	r := startDev(t, noParent, stubbornEnv+"=app")
	r.waitFor(up)
	pids := r.allPIDs()
	began := time.Now()
	r.send(r.cmd.Process.Pid, syscall.SIGINT)
	r.send(r.cmd.Process.Pid, syscall.SIGTERM) // means the same
	r.waitFor("app does not stop")
	time.Sleep(2 * oneWish)
	r.send(r.cmd.Process.Pid, syscall.SIGINT)
	r.mustEnd(pids, 0)
	if took := time.Since(began); took > stopWithin {
		t.Errorf("took %s", took)
	}
}

func TestPortInUseStartsNothing(t *testing.T) {
	t.Parallel()
	_, number := occupied(t)
	r := startDev(t, noParent, "SANDBOX_ADDR=localhost:"+number)
	r.mustEnd(nil, 1)
	want := "Port " + number + " on localhost is in use: stop what listens there, or set SANDBOX_ADDR to another address, such as localhost:"
	if got := r.output.String(); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 1 || r.noted() != "" {
		t.Errorf("said %q, noted %q", got, r.noted())
	}
}

func TestOtherDatabaseAndRealStripeStartNeither(t *testing.T) {
	t.Parallel()
	r := startDev(t, noParent, "DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/d", "STRIPE_SECRET_KEY=sk_test_1", "STRIPE_WEBHOOK_SECRET=whsec_1")
	r.waitFor("the real one, test mode")
	if pids := r.pids(); pids["postgres"] != 0 || pids["sandbox"] != 0 {
		t.Errorf("started: %v", pids)
	}
	r.send(r.cmd.Process.Pid, syscall.SIGTERM)
	r.mustEnd(r.pids(), 0)
	if strings.Contains(r.output.String(), "hunter2") {
		t.Error("the database's password was printed")
	}
}

// allPIDs are those of a run that is up, where each must be there.
func (r *devRun) allPIDs() map[string]int {
	r.t.Helper()
	pids := r.pids()
	for _, name := range []string{"app", "sandbox", "postgres", "keeper", "dev"} {
		if !running(pids[name]) {
			r.t.Fatalf("%s does not run: %v", name, pids)
		}
	}
	return pids
}

func (r *devRun) send(pid int, signal syscall.Signal) {
	r.t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		r.t.Fatal(err)
	}
}
