package pdf_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/sandbox/pdf"
)

// objects checks a file's table of objects against the file, and answers the objects by number.
func objects(t *testing.T, file []byte) map[int]string {
	t.Helper()
	if !bytes.HasPrefix(file, []byte("%PDF-1.4\n")) || !bytes.HasSuffix(file, []byte("%%EOF\n")) {
		t.Fatal("no PDF")
	}
	tail := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(file)
	if tail == nil {
		t.Fatal("no startxref")
	}
	at, _ := strconv.Atoi(string(tail[1]))
	lines := strings.Split(string(file[at:]), "\n")
	var count int
	if _, err := fmt.Sscanf(lines[0]+" "+lines[1], "xref 0 %d", &count); err != nil {
		t.Fatalf("table begins %q %q", lines[0], lines[1])
	}
	out := map[int]string{}
	for n := 1; n < count; n++ {
		row := lines[2+n]
		offset, err := strconv.Atoi(row[:10])
		if err != nil || row[10:] != " 00000 n " {
			t.Fatalf("row %d of the table is %q", n, row)
		}
		body, ok := strings.CutPrefix(string(file[offset:]), fmt.Sprintf("%d 0 obj\n", n))
		if !ok {
			t.Fatalf("object %d is not at %d", n, offset)
		}
		out[n], _, _ = strings.Cut(body, "\nendobj\n")
	}
	if !strings.Contains(string(file[at:]), fmt.Sprintf("/Size %d ", count)) {
		t.Error("the trailer has another size")
	}
	return out
}

func TestFileIsWellFormed(t *testing.T) {
	t.Parallel()
	d := pdf.Document{Title: "Rechnung №7"}
	for range 3 {
		d.AddPage()
		d.Text(pdf.Bold, 12, 50, 700, `a (b) \ c`)
		d.TextRight(pdf.Regular, 10, 500, 680, "€5.00 £3 café – ok")
		d.Rule(50, 500, 670)
	}
	d.Mark(pdf.Regular, 8, 50, 40, func(page, pages int) string { return fmt.Sprintf("%d of %d", page, pages) })
	got := objects(t, d.Bytes())
	if want := 5 + 2*3; len(got) != want {
		t.Errorf("%d objects, want %d", len(got), want)
	}
	if !strings.Contains(got[2], "/Count 3") || !strings.Contains(got[2], "6 0 R 8 0 R 10 0 R") {
		t.Errorf("pages: %s", got[2])
	}
	length := regexp.MustCompile(`^<< /Length (\d+) >>\nstream\n`)
	for page, n := range []int{7, 9, 11} {
		m := length.FindStringSubmatch(got[n])
		body := strings.TrimSuffix(got[n][len(m[0]):], "endstream")
		if want, _ := strconv.Atoi(m[1]); len(body) != want {
			t.Errorf("content %d is %d long, says %d", n, len(body), want)
		}
		for _, want := range []string{`(a \(b\) \\ c) Tj`, `(\2005.00 \2433 caf\351 \226 ok) Tj`, fmt.Sprintf("(%d of 3) Tj", page+1)} {
			if !strings.Contains(body, want) {
				t.Errorf("page %d has no %s:\n%s", page+1, want, body)
			}
		}
	}
	if !strings.Contains(got[3], "<FEFF0052006500630068006E0075006E006700202116"+"0037>") {
		t.Errorf("title: %s", got[3])
	}
}

func TestLettersOutsideWinAnsiAreReplaced(t *testing.T) {
	t.Parallel()
	d := pdf.Document{}
	d.AddPage()
	d.Text(pdf.Regular, 10, 0, 0, "日本 Łódź\x00\n€")
	if got := string(d.Bytes()); !strings.Contains(got, `(?? ?\363d? \200) Tj`) {
		t.Errorf("got %s", got)
	}
}

func TestWrapKeepsEveryLetterWithinTheWidth(t *testing.T) {
	t.Parallel()
	text := "Remaining time on 3 × Power after 15 Feb 2026 " + strings.Repeat("unbreakable", 9)
	for _, f := range []pdf.Font{pdf.Regular, pdf.Bold} {
		lines := f.Wrap(10, 120, text)
		for _, l := range lines {
			if w := f.Width(10, l); w > 120 {
				t.Errorf("%q is %.1f long", l, w)
			}
		}
		squeezed := strings.ReplaceAll(text, " ", "")
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != squeezed {
			t.Errorf("letters were lost: %q", lines)
		}
	}
	if got := pdf.Regular.Wrap(10, 120, ""); len(got) != 1 || got[0] != "" {
		t.Errorf("nothing wraps to %q", got)
	}
	if a, b := pdf.Regular.Width(10, "00"), pdf.Regular.Width(10, "€£"); a != b || a != 11.12 {
		t.Errorf("digits are %.2f wide, currency signs %.2f", a, b)
	}
}
