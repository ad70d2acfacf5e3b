package stripeapi

import (
	"os"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }
