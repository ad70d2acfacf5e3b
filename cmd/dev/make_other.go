//go:build !linux

package main

// makeTold works on Linux alone, where one process can see which signals another handles.
func makeTold(int) func() bool {
	return func() bool { return false }
}
