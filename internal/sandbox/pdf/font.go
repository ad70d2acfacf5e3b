package pdf

import (
	"fmt"
	"strings"
)

// Font is one of the standard fonts that every reader has.
type Font int

// The fonts.
const (
	Regular Font = iota
	Bold
)

func (f Font) name() string {
	if f == Bold {
		return "Helvetica-Bold"
	}
	return "Helvetica"
}

func (f Font) resource() string { return fmt.Sprintf("F%d", int(f)) }

// Width is how long a line of text is.
func (f Font) Width(size float64, text string) float64 {
	sum := 0
	for _, c := range encoded(text) {
		sum += f.glyph(c)
	}
	return float64(sum) * size / 1000
}

// glyph is the width of a letter in thousandths of the font's size.
func (f Font) glyph(c byte) int {
	widths := &regularWidths
	if f == Bold {
		widths = &boldWidths
	}
	if plain, ok := alike[c]; ok {
		c = plain
	}
	if c < 0x20 || c > 0x7e {
		return commonWidth
	}
	return widths[c-0x20]
}

// Wrap breaks text into lines that are no longer than a width. A word that is longer is cut.
func (f Font) Wrap(size, width float64, text string) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if joined := strings.TrimSpace(line + " " + word); f.Width(size, joined) <= width {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; f.Width(size, line) > width; {
			fits := f.fitting(size, width, []rune(line))
			lines, line = append(lines, string([]rune(line)[:fits])), string([]rune(line)[fits:])
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// fitting is how many letters of a long word fit, one at least.
func (f Font) fitting(size, width float64, word []rune) int {
	n := 1
	for n < len(word) && f.Width(size, string(word[:n+1])) <= width {
		n++
	}
	return n
}

// encoded is text in WinAnsi. Line ends become spaces.
func encoded(text string) []byte {
	var out []byte
	for _, r := range text {
		c, special := winAnsi[r]
		switch {
		case special:
			out = append(out, c)
		case r == '\n' || r == '\t':
			out = append(out, ' ')
		case r >= 0x20 && r <= 0x7e || r >= 0xa0 && r <= 0xff:
			out = append(out, byte(r))
		case r >= 0x20:
			out = append(out, '?')
		}
	}
	return out
}

// escaped is text as it stands in a page's content.
func escaped(text string) string {
	var b strings.Builder
	for _, c := range encoded(text) {
		switch {
		case c == '(' || c == ')' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c > 0x7e:
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
