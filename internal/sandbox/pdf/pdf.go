// Package pdf writes simple PDF files: pages of text in the standard Helvetica fonts, and thin rules.
//
// It knows the letters of WinAnsi (Latin-1 and a few more, the euro sign among them); others become a question mark.
// Lengths are in points, a seventy-second of an inch; the origin is a page's lower left corner.
package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
)

// The size of a page: US Letter.
const (
	PageWidth  = 612
	PageHeight = 792
)

// Document is a file being written. The zero value has no pages yet.
type Document struct {
	Title string
	pages []*bytes.Buffer
}

// AddPage begins a new page; what is written next stands on it.
func (d *Document) AddPage() { d.pages = append(d.pages, &bytes.Buffer{}) }

// Pages is how many pages there are.
func (d *Document) Pages() int { return len(d.pages) }

// Text writes a line that begins at x, on the newest page.
func (d *Document) Text(f Font, size, x, y float64, text string) {
	d.write(len(d.pages)-1, f, size, x, y, text)
}

// TextRight writes a line that ends at x.
func (d *Document) TextRight(f Font, size, x, y float64, text string) {
	d.Text(f, size, x-f.Width(size, text), y, text)
}

// Mark writes a line that begins at x on every page, from the page's number and how many there are.
func (d *Document) Mark(f Font, size, x, y float64, text func(page, pages int) string) {
	for i := range d.pages {
		d.write(i, f, size, x, y, text(i+1, len(d.pages)))
	}
}

func (d *Document) write(page int, f Font, size, x, y float64, text string) {
	fmt.Fprintf(d.pages[page], "BT /%s %s Tf %s %s Td (%s) Tj ET\n", f.resource(), number(size), number(x), number(y), escaped(text))
}

// Rule draws a thin grey line from x to another x.
func (d *Document) Rule(x, to, y float64) {
	fmt.Fprintf(d.pages[len(d.pages)-1], "0.8 G 0.75 w %s %s m %s %s l S\n", number(x), number(y), number(to), number(y))
}

// number writes a length with no more digits than can be seen.
func number(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

// The objects of a file, by number: these four, and then two for each page.
const (
	catalog = 1 + iota
	pageTree
	information
	firstFont
	fontCount = 2
	firstPage = firstFont + fontCount
)

// Bytes is the finished file.
func (d *Document) Bytes() []byte {
	w := &file{}
	w.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n") // high bytes tell that the file is not text
	w.object(catalog, fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R /Lang (en) >>", pageTree))
	w.object(pageTree, d.tree())
	w.object(information, fmt.Sprintf("<< /Title %s /Producer (sandbox) >>", unicodeString(d.Title)))
	for i, f := range []Font{Regular, Bold} {
		w.object(firstFont+i, fmt.Sprintf("<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>", f.name()))
	}
	for i, content := range d.pages {
		n := firstPage + 2*i
		w.object(n, fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R /Resources << /Font << /F0 %d 0 R /F1 %d 0 R >> >> >>",
			pageTree, PageWidth, PageHeight, n+1, firstFont, firstFont+1))
		w.object(n+1, fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", content.Len(), content.String()))
	}
	w.finish()
	return w.Bytes()
}

func (d *Document) tree() string {
	var kids []string
	for i := range d.pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", firstPage+2*i))
	}
	return fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids))
}

// file is the bytes so far, and where each object begins.
type file struct {
	bytes.Buffer
	offsets []int
}

func (w *file) object(n int, body string) {
	w.offsets = append(w.offsets, w.Len())
	fmt.Fprintf(w, "%d 0 obj\n%s\nendobj\n", n, body)
}

// finish writes the table of where the objects are. Its lines are twenty bytes each, as the format wants.
func (w *file) finish() {
	table := w.Len()
	fmt.Fprintf(w, "xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)+1)
	for _, at := range w.offsets {
		fmt.Fprintf(w, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(w, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(w.offsets)+1, catalog, information, table)
}

// unicodeString is text for the document's information, where any letter may stand.
func unicodeString(text string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, "%04X", unit)
	}
	return b.String() + ">"
}
