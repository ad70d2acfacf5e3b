package main

import (
	"os"
	"runtime/debug"
)

const (
	// gcPercent lets garbage grow to four times of what is in use before it is
	// collected: little is in use, and webhooks make much that is soon garbage.
	gcPercent = 400
	// memoryTarget is where the collector works harder to stay below, in bytes.
	// It is a target and no limit: more is taken where more is in use.
	memoryTarget = 36 << 20
)

// tuneMemory sets how the collector works, unless the operator has with Go's
// own variables: https://pkg.go.dev/runtime#hdr-Environment_Variables
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryTarget)
	}
}
