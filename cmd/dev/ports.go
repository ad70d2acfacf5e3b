package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"
)

// port is an address to listen on, and the variable that sets it.
type port struct {
	variable, addr string
}

// portUsed says that something listens already, and what to do.
type portUsed string

func (p portUsed) Error() string { return string(p) }

// afterKill is how long a run that was killed (kill -9) may still hold its ports, while it is being stopped.
const afterKill = 2 * time.Second

// awaitPorts gives a former run time to be gone.
func awaitPorts(ports []port) error {
	for deadline := time.Now().Add(afterKill); ; time.Sleep(answerEvery) {
		err := checkPorts(ports)
		if !errors.As(err, new(portUsed)) || time.Now().After(deadline) {
			return err
		}
	}
}

// checkPorts finds out before anything is started whether all can listen where they should.
func checkPorts(ports []port) error {
	taken := map[string]string{}
	for _, p := range ports {
		host, number, err := net.SplitHostPort(p.addr)
		if n, numErr := strconv.ParseUint(number, 10, 16); err != nil || numErr != nil || n == 0 {
			return fmt.Errorf("%s must be an address with a port, such as localhost:8080, and is %q.", p.variable, p.addr)
		}
		if other, twice := taken[number]; twice {
			return fmt.Errorf("%s and %s both want port %s: set one of them to another.", other, p.variable, number)
		}
		taken[number] = p.variable
		if err := canListen(host, number); err != nil {
			return p.explain(err, host, number)
		}
	}
	return nil
}

func (p port) explain(err error, host, number string) error {
	n, _ := strconv.Atoi(number)
	instead := net.JoinHostPort(host, strconv.Itoa(n%65535+1))
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("Nothing can listen on %s (%w): set %s to another address, such as localhost:8081.", p.addr, err, p.variable)
	}
	if host == "" {
		host = "this machine"
	}
	return portUsed(fmt.Sprintf("Port %s on %s is in use: stop what listens there, or set %s to another address, such as %s.",
		number, host, p.variable, instead))
}

// canListen tries every address that the host's name stands for: a browser may take ::1 where the app would take 127.0.0.1.
func canListen(host, number string) error {
	ips := []string{host}
	if host != "" && net.ParseIP(host) == nil {
		found, err := net.DefaultResolver.LookupHost(context.Background(), host)
		if err != nil {
			return err
		}
		ips = found
	}
	var failed error
	opened := false
	for _, ip := range ips {
		l, err := net.Listen("tcp", net.JoinHostPort(ip, number))
		switch {
		case err == nil:
			opened = true
			_ = l.Close()
		case errors.Is(err, syscall.EADDRINUSE):
			return err
		default: // such as ::1 on a machine without IPv6
			failed = err
		}
	}
	if opened {
		return nil
	}
	return failed
}
