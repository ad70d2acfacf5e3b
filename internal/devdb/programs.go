package devdb

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// programs are one version of Postgres on this machine.
type programs struct {
	dir     string // holds bin/
	version string // 15.14
}

func (p programs) major() int { return majorOf(p.version) }

// majorOf reads the number before the dot of a version such as 15.14 or 18beta1, or of a data folder's PG_VERSION.
func majorOf(version string) int {
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		version = version[:end]
	}
	n, _ := strconv.Atoi(version)
	return n
}

// findPrograms lists what the machine has, newest first.
func findPrograms() []programs {
	var found []programs
	for _, dir := range programDirs() {
		version := versionOf(dir)
		if version == "" || slices.ContainsFunc(found, func(p programs) bool { return p.dir == dir }) {
			continue
		}
		found = append(found, programs{dir, version})
	}
	slices.SortStableFunc(found, func(a, b programs) int { return cmp.Compare(b.major(), a.major()) })
	return found
}

// Program returns the path of one of Postgres' programs that servers do without, such as pgbench: the newest there is. It is
// an ErrNoPostgres where the machine has none.
func Program(name string) (path string, err error) {
	for _, p := range findPrograms() {
		path := filepath.Join(p.dir, "bin", name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", failed(ErrNoPostgres, "There is no %s on this machine: `apt-get install postgresql`, or Postgres' contrib package, brings it.", name)
}

// programDirs lists where Debian, Red Hat's packages, Homebrew and Postgres.app put them, then what PATH and pg_config know.
func programDirs() []string {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*",
		"/usr/pgsql-*",
		"/opt/homebrew/opt/postgresql@*",
		"/usr/local/opt/postgresql@*",
		"/Applications/Postgres.app/Contents/Versions/*",
	} {
		matches, _ := filepath.Glob(pattern)
		dirs = append(dirs, matches...)
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, filepath.Dir(strings.TrimSpace(string(out))))
	}
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(filepath.Dir(path)))
		}
	}
	return dirs
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\S+)`)

// versionOf is empty where a program is missing: clients alone, which some packages install, are of no use here.
func versionOf(dir string) string {
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, "bin", name)); err != nil || info.IsDir() {
			return ""
		}
	}
	out, err := exec.Command(filepath.Join(dir, "bin", "postgres"), "--version").Output()
	if err != nil {
		return ""
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return ""
	}
	return string(match[1])
}
