package devdb

import (
	"os/exec"
	"path/filepath"
	"strings"
)

// What Postgres and the library say of the failures that pass, or that can be put better.
const (
	saysPortTaken   = "process already listening on port"
	saysAddressUsed = "Address already in use"
	saysMemoryUsed  = "is still in use"
)

// passes tells whether trying again may help.
func passes(err error, wantedPort int) bool {
	text := err.Error()
	portTaken := strings.Contains(text, saysPortTaken) || strings.Contains(text, saysAddressUsed)
	return strings.Contains(text, saysMemoryUsed) || portTaken && wantedPort == 0
}

// explain says what to do where the machine has no Postgres programs and none could be fetched.
func explain(err error, p programs) error {
	if err == nil || versionOf(p.dir) != "" {
		return err
	}
	return failed(ErrNoPostgres,
		"Postgres's programs are not on this machine, and fetching them failed (%s): %s.", firstLine(err.Error()), installHint())
}

func installHint() string {
	switch {
	case installed("apt-get"):
		return "`apt-get install postgresql`"
	case installed("dnf"):
		return "`dnf install postgresql-server`"
	case installed("brew"):
		return "`brew install postgresql@17`"
	default:
		return "install postgresql with your system's package manager"
	}
}

func installed(program string) bool {
	path, err := exec.LookPath(program)
	return err == nil && filepath.IsAbs(path)
}
