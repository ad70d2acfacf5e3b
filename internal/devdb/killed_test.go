package devdb_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/devdb"
)

// ownerEnv makes the test binary an owner and nothing else: it starts a server, says so, and waits to be killed.
const ownerEnv = "DEVDB_TEST_OWNER"

func maybeOwn() {
	dir, isOwner := os.LookupEnv(ownerEnv)
	if !isOwner {
		return
	}
	db, err := devdb.Start(context.Background(), devdb.Options{Dir: dir, Log: os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(ownership{Dir: db.Dir()})
	select {}
}

type ownership struct{ Dir string }

func TestOwnerKilled(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			owner, dir := startOwner(t, "")
			postgres, keeper := pids(t, dir)
			kill(t, owner, signal)
			mustBeGone(t, postgres)
			mustBeGone(t, keeper)
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("%s is left (%v)", dir, err)
			}
		})
	}
}

func TestStartRightAfterOwnerKilled(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	owner, where := startOwner(t, dir)
	before, _ := pids(t, where)
	kill(t, owner, syscall.SIGKILL)

	db := start(t, devdb.Options{Dir: dir})
	mustBeGone(t, before)
	query(t, db, `SELECT 1`)
}

func TestKeeperKilled(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	db := start(t, devdb.Options{Dir: dir})
	postgres, keeper := pids(t, db.Dir())
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-db.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the owner did not notice")
	}
	mustBeGone(t, postgres)
	if err := db.Stop(); err == nil {
		t.Error("Stop after the keeper was killed: no error")
	}
}

func TestOwnerAndKeeperKilled(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	owner, where := startOwner(t, dir)
	postgres, keeper := pids(t, where)
	if err := syscall.Kill(owner.Process.Pid, syscall.SIGSTOP); err != nil { // or it would clear up
		t.Fatal(err)
	}
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	kill(t, owner, syscall.SIGKILL)
	if !devdb.Alive(postgres) {
		t.Fatal("Postgres ended with its keeper; this test is about one that did not")
	}

	db := start(t, devdb.Options{Dir: dir})
	mustBeGone(t, postgres)
	query(t, db, `SELECT 1`)
}

func TestPostgresKilled(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	db := start(t, devdb.Options{Dir: dir})
	if err := syscall.Kill(serverPID(t, db), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-db.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the owner did not notice")
	}
	if err := db.Stop(); err == nil {
		t.Error("Stop after Postgres was killed: no error")
	}
	// What it held in shared memory is given back by the next one, so this also leaves nothing behind.
	query(t, start(t, devdb.Options{Dir: dir}), `SELECT 1`)
}

func TestStaleProcessID(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	db := start(t, devdb.Options{Dir: dir})
	pidFile := db.Dir() + "/data/postmaster.pid"
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	stop(t, db)

	bystander := exec.Command("sleep", "60")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bystander.Process.Kill(); _ = bystander.Wait() }()
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(bystander.Process.Pid)+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}

	query(t, start(t, devdb.Options{Dir: dir}), `SELECT 1`)
	if !devdb.Alive(bystander.Process.Pid) {
		t.Error("a process that only has the number of a former Postgres was killed")
	}
}

// startOwner starts an owner in a process of its own, and returns where its data lies.
func startOwner(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), ownerEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var said ownership
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&said); err != nil {
		t.Fatalf("the owner said nothing: %v", err)
	}
	return cmd, said.Dir
}

func kill(t *testing.T, cmd *exec.Cmd, signal syscall.Signal) {
	t.Helper()
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
}

// pids are Postgres's process id and its keeper's.
func pids(t *testing.T, dir string) (postgres, keeper int) {
	t.Helper()
	return line(t, dir+"/data/postmaster.pid", 0), line(t, dir+"/lock", 1)
}

// line is the number on one line of a file.
func line(t *testing.T, file string, number int) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.Split(string(text), "\n")[number])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func serverPID(t *testing.T, db *devdb.DB) int {
	t.Helper()
	postgres, _ := pids(t, db.Dir())
	return postgres
}

func mustBeGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); devdb.Alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}
