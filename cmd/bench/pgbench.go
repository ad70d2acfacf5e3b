package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/devdb"
)

// pgbenchScript is the textbook's guarded update, by users at random. Its last line is the spend of one credit.
const pgbenchScript = `\set user random(0, %d)
UPDATE balances SET credits = credits - 1 WHERE user_id = :user AND credits >= 1 RETURNING credits
`

// pgbench is Postgres' own benchmark: the guarded update alone, without key, ledger and HTTP, straight to the database.
type pgbench struct {
	cluster *cluster
	path    string
	dsn     string
	dir     string // for its script and its logs
}

// pgbenchSpender is nil where pgbench cannot run, which is said: it is there to compare with, and no part of Payloop.
func (b *bench) pgbenchSpender(ctx context.Context) (*spender, error) {
	path, err := devdb.Program(pgbenchName)
	if err != nil {
		fmt.Fprintf(b.out, "pgbench is left out. %v\n", err)
		return nil, nil
	}
	var most int
	if err := b.cluster.admin.QueryRowContext(ctx, `SELECT current_setting('max_connections')::int`).Scan(&most); err != nil {
		return nil, fmt.Errorf("asking Postgres for its settings: %w", err)
	}
	if need := slices.Max(b.inFlight) + spareConnections; most < need {
		fmt.Fprintf(b.out, "pgbench is left out: it needs max_connections at %d or above, and the server has %d.\n", need, most)
		return nil, nil
	}
	dsn, err := b.cluster.create(ctx, "bench_pgbench")
	if err != nil {
		return nil, err
	}
	s, err := b.newSpender(ctx, dsn, pgbenchSpends(), program{}, spendTextbookSeeds())
	if err != nil {
		return nil, err
	}
	s.load = pgbench{cluster: b.cluster, path: path, dsn: dsn, dir: b.temporary}.run
	return s, nil
}

// connectTries is how often pgbench is given twice the time, which it counts from before it has connected.
const connectTries = 5

// run has pgbench spend for as long as warming up and measuring take, and reads from its log what came of it.
func (p pgbench) run(ctx context.Context, l spendLoad) (spent, error) {
	made, long := int64(0), l.warm+l.measure
	for range connectTries {
		s, whole, err := p.try(ctx, l, long)
		made += s.made
		if whole || err != nil {
			s.made = made
			return s, err
		}
		long *= 2
	}
	return spent{}, fmt.Errorf("pgbench did not connect %d times within %s", l.inFlight, long)
}

// try runs pgbench for that long. What it measured is not whole when connecting has taken a good part of the time.
func (p pgbench) try(ctx context.Context, l spendLoad, long time.Duration) (s spent, whole bool, err error) {
	before := p.cluster.processorTime()
	cmd, err := p.command(ctx, l, long)
	if err != nil {
		return spent{}, false, err
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		return spent{}, false, fmt.Errorf("%s: %w\n%s", cmd, err, said)
	}
	used := p.cluster.processorTime() - before
	all, err := p.readLogs()
	if err != nil || len(all) == 0 {
		return spent{}, false, err
	}
	o := all.within(l.warm, l.measure)
	s.cell = cell{
		rate: o.rate(), p50: percentile(o.took, 0.50), p99: percentile(o.took, 0.99),
		processor: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()) / time.Duration(len(all)),
		postgres:  used / time.Duration(len(all)),
	}
	s.made = int64(len(all))
	return s, all.long() >= l.warm+l.measure*9/10, nil
}

func (p pgbench) command(ctx context.Context, l spendLoad, long time.Duration) (*exec.Cmd, error) {
	script := filepath.Join(p.dir, "pgbench.sql")
	if err := os.WriteFile(script, fmt.Appendf(nil, pgbenchScript, l.users-1), 0o600); err != nil {
		return nil, fmt.Errorf("writing pgbench's script: %w", err)
	}
	u, err := url.Parse(p.dsn)
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password() // everybody sees a program's arguments
	u.User = url.User(u.User.Username())
	cmd := exec.CommandContext(ctx, p.path, "--no-vacuum", "--protocol=prepared", "--jobs=2",
		"--client="+strconv.Itoa(l.inFlight), fmt.Sprintf("--time=%.0f", math.Ceil(long.Seconds())),
		"--file="+script, "--log", "--log-prefix="+p.logPrefix(), u.String())
	cmd.Env = environment("PGPASSWORD=" + password)
	cmd.SysProcAttr = childAttributes()
	return cmd, nil
}

func (p pgbench) logPrefix() string { return filepath.Join(p.dir, "pgbench_log") }

// transactions are those of one run of pgbench, in the order in which they ended.
type transactions []transaction

type transaction struct {
	took  time.Duration
	ended time.Time
}

// readLogs reads the transactions of the last run, and removes the logs.
func (p pgbench) readLogs() (all transactions, err error) {
	names, err := filepath.Glob(p.logPrefix() + ".*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading pgbench's log: %w", err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			t, err := readTransaction(lines.Text())
			if err != nil {
				return nil, err
			}
			all = append(all, t)
		}
		if err := os.Remove(name); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b transaction) int { return a.ended.Compare(b.ended) })
	return all, nil
}

// readTransaction reads a line: client, number, microseconds it took, script, and when it ended, in seconds and microseconds.
// https://www.postgresql.org/docs/15/pgbench.html#id-1.9.4.11.9.9
func readTransaction(line string) (transaction, error) {
	fields := strings.Fields(line)
	if len(fields) < 6 {
		return transaction{}, fmt.Errorf("pgbench logged %q", line)
	}
	var n [3]int64
	for i, at := range []int{2, 4, 5} {
		var err error
		if n[i], err = strconv.ParseInt(fields[at], 10, 64); err != nil {
			return transaction{}, fmt.Errorf("pgbench logged %q", line) // "failed", for instance
		}
	}
	return transaction{took: time.Duration(n[0]) * time.Microsecond, ended: time.Unix(n[1], n[2]*1000)}, nil
}

// long is how long they took all in all.
func (all transactions) long() time.Duration { return all[len(all)-1].ended.Sub(all.start()) }

func (all transactions) start() time.Time { return all[0].ended.Add(-all[0].took) }

// within are those that ended while measuring, which begins when warming up is over.
func (all transactions) within(warm, measure time.Duration) outcome {
	o := outcome{measured: min(measure, all.long()-warm)}
	from := all.start().Add(warm)
	for _, t := range all {
		if !t.ended.Before(from) && t.ended.Before(from.Add(measure)) {
			o.took = append(o.took, t.took)
		}
	}
	slices.Sort(o.took)
	return o
}
