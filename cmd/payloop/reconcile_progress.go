package main

import (
	"os"

	"github.com/schollz/progressbar/v3"

	"github.com/payloop/payloop/internal/billing"
)

// progress counts on a terminal; elsewhere it is silent.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(f *os.File) progress {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return progress{}
	}
	return progress{progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(f), progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription("objects"))}
}

func (p progress) add(kind billing.ObjectKind, n int) {
	if p.bar != nil {
		p.bar.Describe(string(kind) + "s")
		_ = p.bar.Add(n) // it is decoration
	}
}

func (p progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
