package devdb

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// downloadable are the versions that the library can fetch for a machine without Postgres, newest first.
var downloadable = []embeddedpostgres.PostgresVersion{
	embeddedpostgres.V18, embeddedpostgres.V17, embeddedpostgres.V16, embeddedpostgres.V15,
}

// chooseVersion picks the programs that can read the data: a version reads only what the same version wrote. New data
// takes the newest. The library would delete data of another version, so it never gets to see any.
func (p place) chooseVersion(installed []programs) (programs, error) {
	written, err := p.dataVersion()
	if err != nil {
		return programs{}, err
	}
	for _, candidate := range append(slices.Clone(installed), p.fetchable()...) {
		if written == 0 || candidate.major() == written {
			return candidate, nil
		}
	}
	return programs{}, failed(ErrNoPostgres,
		"The data in %s was written by Postgres %d, which is not installed: `apt-get install postgresql-%d`, or remove the folder to begin anew.",
		p.dir, written, written)
}

func (p place) fetchable() []programs {
	var all []programs
	for _, version := range downloadable {
		all = append(all, programs{dir: filepath.Join(p.downloads, string(version)), version: string(version)})
	}
	return all
}

// dataVersion is the major version that wrote the data, or zero if there is none.
func (p place) dataVersion() (int, error) {
	if _, err := os.Stat(p.unfinished()); err == nil {
		return 0, os.RemoveAll(p.data())
	}
	entries, err := os.ReadDir(p.data())
	if os.IsNotExist(err) || err == nil && len(entries) == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, failed(nil, "Postgres's data in %s cannot be read (%v): remove the folder, or set DATA_DIR to another.", p.dir, err)
	}
	text, err := os.ReadFile(filepath.Join(p.data(), "PG_VERSION"))
	if err != nil {
		return 0, failed(nil, "%s holds something that is not Postgres's data: move it away, or set DATA_DIR to another folder.", p.data())
	}
	return majorOf(strings.TrimSpace(string(text))), nil
}

// unfinished is a file that stands while the data is being made, so that a start cut in half is begun again.
func (p place) unfinished() string { return filepath.Join(p.dir, "unfinished") }

func (p place) initialising(start func() error) error {
	if version, err := p.dataVersion(); err != nil || version != 0 {
		if err != nil {
			return err
		}
		return start()
	}
	if err := os.WriteFile(p.unfinished(), nil, 0o600); err != nil {
		return err
	}
	if err := start(); err != nil {
		return err
	}
	return os.Remove(p.unfinished())
}
