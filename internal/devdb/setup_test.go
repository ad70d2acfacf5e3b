package devdb_test

import (
	"os"
	"testing"

	"github.com/payloop/payloop/internal/devdb"
)

func TestMain(m *testing.M) {
	devdb.MaybeKeep()
	maybeOwn()
	os.Exit(m.Run())
}
