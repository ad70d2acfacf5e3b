package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// lines gathers what several programs print at the same time, so that no line is torn apart.
type lines struct {
	mu sync.Mutex
	to io.Writer
}

// prefixed is where one program writes: its name before each line.
func (l *lines) prefixed(name string) io.Writer {
	return &prefixed{lines: l, prefix: fmt.Sprintf("%-8s │ ", name)}
}

type prefixed struct {
	lines   *lines
	prefix  string
	pending []byte // a line not ended yet
}

// longest line kept back while waiting for its end.
const longest = 64 << 10

func (p *prefixed) Write(text []byte) (int, error) {
	p.pending = append(p.pending, text...)
	for {
		end := bytes.IndexByte(p.pending, '\n')
		if end < 0 && len(p.pending) < longest {
			return len(text), nil
		}
		if end < 0 {
			end = len(p.pending) - 1
		}
		p.print(p.pending[:end+1])
		p.pending = p.pending[end+1:]
	}
}

// print writes one line. An error is nobody's to handle: the reader is gone, and the programs must still be stopped.
func (p *prefixed) print(line []byte) {
	p.lines.mu.Lock()
	defer p.lines.mu.Unlock()
	fmt.Fprintf(p.lines.to, "%s%s\n", p.prefix, bytes.TrimRight(line, "\r\n"))
}
