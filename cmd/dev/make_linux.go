package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// endings are the signals that end make.
var endings = []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM}

// makeTold returns a function which tells whether the parent is a make that was told to end. Ctrl-C reaches make and this
// program alike. But a signal to make alone, such as a closed window's, it does not pass on: it waits for this program
// instead, without a word. It shows in that make has given up its handler for the signal.
func makeTold(parent int) func() bool {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent))
	if n := strings.TrimSpace(string(name)); n != "make" && n != "gmake" {
		return func() bool { return false }
	}
	before := caught(parent)
	return func() bool {
		now := caught(parent)
		return now&before != before
	}
}

// caught are those of the endings that a process has a handler for, a bit each.
func caught(pid int) uint64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, mask, _ := strings.Cut(string(text), "SigCgt:")
	mask, _, _ = strings.Cut(strings.TrimSpace(mask), "\n")
	all, _ := strconv.ParseUint(mask, 16, 64)
	var bits uint64
	for _, signal := range endings {
		bits |= all & (1 << (signal - 1))
	}
	return bits
}
