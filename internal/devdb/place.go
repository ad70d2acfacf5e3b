package devdb

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// place is the folder that holds the data, a log and a lock, and the user that Postgres runs as in it.
type place struct {
	dir       string
	temporary bool
	uid, gid  int
	downloads string // Postgres programs, on a machine without
}

const (
	tempPrefix = "payloop-postgres-"
	// elsewherePrefix begins the names of data folders that could not lie where they were asked for.
	elsewherePrefix = "payloop-dev-"
	// elsewhereFile, left in the folder asked for, holds the path of the other one. Removing the folder thus begins anew,
	// as it would with the data inside.
	elsewhereFile = "data-is-in"
)

func (p place) data() string { return filepath.Join(p.dir, "data") }
func (p place) logs() string { return filepath.Join(p.dir, "log") }

// choosePlace finds the folder and makes it. Postgres refuses to run as root, so for root it runs as whoever owns the
// data already, or as nobody. That user cannot enter, say, a checkout in root's home folder: then the data lies elsewhere.
func choosePlace(dir string) (p place, err error) {
	if dir == "" {
		p, err = temporaryPlace()
	} else {
		p, err = lastingPlace(dir)
	}
	if err != nil {
		return place{}, err
	}
	p.downloads = downloadsFor(p)
	return p, os.Chown(p.dir, p.uid, p.gid)
}

func lastingPlace(dir string) (place, error) {
	dir, err := makeDir(dir)
	if err != nil {
		return place{}, err
	}
	p := place{dir: dir, uid: os.Getuid(), gid: os.Getgid()}
	if p.uid != 0 {
		return p, nil
	}
	if p.uid, p.gid, err = unprivileged(dir); err != nil {
		return place{}, err
	}
	if !enterable(filepath.Dir(dir), p.uid, p.gid) {
		p.dir, err = elsewhere(dir)
	}
	return p, err
}

// downloadsFor is a folder that outlives the place, so that programs are fetched once a machine.
func downloadsFor(p place) string {
	inside := filepath.Join(p.dir, "programs")
	if p.uid == os.Getuid() {
		if cache, err := os.UserCacheDir(); err == nil {
			return filepath.Join(cache, "payloop-dev-postgres")
		}
		return inside
	}
	shared := "/var/cache/payloop-dev-postgres"
	if os.MkdirAll(shared, 0o700) != nil || os.Chown(shared, p.uid, p.gid) != nil {
		return inside
	}
	return shared
}

// makeDir makes the folder and returns its path free of symbolic links, so that every folder above it can be judged.
func makeDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making Postgres's data folder: %w", err)
	}
	return filepath.EvalSymlinks(dir)
}

// unprivileged is the user to run as in a folder: its owner, unless that is root.
func unprivileged(dir string) (uid, gid int, err error) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, 0, err
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
		return int(owner.Uid), int(owner.Gid), nil
	}
	return nobody()
}

func nobody() (uid, gid int, err error) {
	u, err := user.Lookup("nobody")
	if err != nil {
		return 0, 0, failed(nil, "Postgres does not run as root, and there is no user nobody for it to run as: run this as an ordinary user.")
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

// enterable tells whether the user may pass through a folder and all folders above it.
func enterable(dir string, uid, gid int) bool {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || !mayPass(info, uid, gid) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

func mayPass(info fs.FileInfo, uid, gid int) bool {
	owner := info.Sys().(*syscall.Stat_t)
	switch {
	case int(owner.Uid) == uid:
		return info.Mode()&0o100 != 0
	case int(owner.Gid) == gid:
		return info.Mode()&0o010 != 0
	default:
		return info.Mode()&0o001 != 0
	}
}

// elsewhere is the folder used in place of dir: the one noted in it, or a new one, which it notes.
func elsewhere(dir string) (string, error) {
	note := filepath.Join(dir, elsewhereFile)
	if text, err := os.ReadFile(note); err == nil {
		other := strings.TrimSpace(string(text))
		if info, err := os.Stat(other); err == nil && info.IsDir() && strings.HasPrefix(filepath.Base(other), elsewherePrefix) {
			return other, nil
		}
	}
	other, err := os.MkdirTemp("/var/lib", elsewherePrefix)
	if err != nil {
		other, err = os.MkdirTemp(onDisk, elsewherePrefix)
	}
	if err != nil {
		return "", fmt.Errorf("making a folder for Postgres: %w", err)
	}
	return other, os.WriteFile(note, []byte(other+"\n"), 0o600)
}

// becomeItsUser gives up root's privileges for good, in this process, whose executable that user may not be able to read.
func (p place) becomeItsUser() error {
	if os.Getuid() == 0 {
		if err := dropTo(p.uid, p.gid); err != nil {
			return failed(nil, "Postgres does not run as root, and becoming user %d for it failed (%v): run this as an ordinary user.", p.uid, err)
		}
	}
	for _, dir := range []string{p.dir, p.logs()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return failed(nil, "Postgres's folder %s is closed to user %d (%v): remove it, or choose another with DATA_DIR.", p.dir, p.uid, err)
		}
	}
	_ = os.Setenv("HOME", p.dir)
	_ = os.Setenv("TMPDIR", p.logs()) // where the library writes Postgres's log
	_ = os.Setenv("LC_ALL", "C")      // messages are looked at
	return os.Chdir(p.dir)
}

func dropTo(uid, gid int) error {
	if err := syscall.Setgroups([]int{gid}); err != nil {
		return err
	}
	if err := syscall.Setgid(gid); err != nil {
		return err
	}
	return syscall.Setuid(uid)
}
