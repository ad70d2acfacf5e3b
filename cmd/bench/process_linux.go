package main

import "syscall"

// childAttributes put a child into a process group of its own, out of reach of Ctrl-C: this program stops its children, in
// order. Should it be killed itself, the kernel tells them to end.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
