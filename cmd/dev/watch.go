package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// errAsked is the reason to stop when somebody wants it: no failure.
var errAsked = errors.New("asked to stop")

// parentEvery is how often to look whether the parent, make or a shell, is still there. Killed, it cannot tell.
const parentEvery = 250 * time.Millisecond

// oneWish is how close together signals mean the same: one to the whole process group comes here directly and through make.
const oneWish = 500 * time.Millisecond

// watch ends the world at a signal and when the parent is gone. The channel is closed at a second signal.
func watch(end context.CancelCauseFunc) (hurry <-chan struct{}) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as it is under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	hurrying := make(chan struct{})
	go func() {
		<-signals
		first := time.Now()
		end(errAsked)
		for range signals {
			if time.Since(first) > oneWish {
				close(hurrying)
				return
			}
		}
	}()
	go func() {
		parentGone(os.Getppid())
		end(errAsked)
	}()
	return hurrying
}

// parentGone returns when this process has been given another parent, as the kernel does when the first has ended, or when
// the parent only waits for this one to end too.
func parentGone(parent int) {
	told := makeTold(parent)
	for os.Getppid() == parent && !told() {
		time.Sleep(parentEvery)
	}
}
