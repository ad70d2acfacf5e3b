package testkit

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"
)

// chatter begins the lines that stripe-mock prints to stdout for each request it checks; it has no switch for them.
// Thousands of them would hide the name of the one test that failed.
var chatter = [][]byte{
	[]byte("Request: "), []byte("Request data = "), []byte("Response: elapsed="),
	[]byte("Expansions: "), []byte("Routing to "), []byte("Expanding "),
}

// Run is m.Run for packages that check requests with stripe-mock: what it prints for each is left out of the output.
func Run(m *testing.M) (code int) {
	stdout := os.Stdout
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testkit:", err)
		return 1
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		withoutChatter(stdout, r)
	}()
	os.Stdout = w
	code = m.Run()
	os.Stdout = stdout
	w.Close()
	<-done
	return code
}

// withoutChatter copies line by line, and a last line without its end too.
func withoutChatter(to io.Writer, from io.Reader) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if !isChatter(line) {
			to.Write(line)
		}
		if err != nil {
			return
		}
	}
}

func isChatter(line []byte) bool {
	for _, start := range chatter {
		if bytes.HasPrefix(line, start) {
			return true
		}
	}
	return false
}
