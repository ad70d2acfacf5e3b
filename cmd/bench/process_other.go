//go:build !linux

package main

import "syscall"

// childAttributes put a child into a process group of its own, out of reach of Ctrl-C: this program stops its children, in
// order. Only Linux can also end them when this program is killed (kill -9): elsewhere the next start finds their port in
// use, and says so.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
