package views

import (
	"fmt"
	"html"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/payloop/payloop/internal/billing"
)

// What the colours are seen on, the least favourable of each theme; the
// stylesheet has the same values.
const (
	lightSurface, lightSunken = 0xffffff, 0xeef0f4
	darkSurface, darkSunken   = 0x171b22, 0x1f242d
)

// Contrast ratios. The first two are what WCAG 2.2 asks for at level AA.
const (
	readable = 4.5 // of text
	visible  = 3   // of the edge of a control
	drowned  = 1.25
)

const (
	black = 0x000000
	white = 0xffffff
	// defaultAccent is used where the plans file names none.
	defaultAccent = 0x3b3fd8
)

// AccentCSS is the text of the one inline style of every page: the product's
// accent colour, what can be read on it, an edge that shows where it ends, and
// links made readable from it in each theme. The server allows it by its hash.
func AccentCSS(p billing.Product) string {
	accent := parseColour(p.Accent)
	return ":root{" + theme(accent, black, lightSurface, lightSunken) + "}" +
		"@media(prefers-color-scheme:dark){:root{" + theme(accent, white, darkSurface, darkSunken) + "}}"
}

// theme is the accent's colours on these grounds, made by mixing toward the
// end. One that would drown in the ground is replaced by its edge.
func theme(accent, end, surface, sunken int) string {
	edge := toward(accent, end, surface, visible)
	if contrast(accent, surface) < drowned {
		accent = edge
	}
	return fmt.Sprintf("--accent:#%06x;--on-accent:#%06x;--edge:#%06x;--link:#%06x",
		accent, on(accent), edge, toward(accent, end, sunken, readable))
}

// icon is the product's mark as a data URL: its initial on the accent colour.
func icon(p billing.Product) string {
	accent := parseColour(p.Accent)
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#%06x"/>`+
		`<text x="16" y="23" text-anchor="middle" font-family="sans-serif" font-size="20" font-weight="700" fill="#%06x">%s</text></svg>`,
		accent, on(accent), html.EscapeString(initial(p)))
	return "data:image/svg+xml," + url.PathEscape(svg)
}

func initial(p billing.Product) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(p.Name))
	if first == utf8.RuneError {
		return ""
	}
	return strings.ToUpper(string(first))
}

// parseColour reads #rrggbb.
func parseColour(s string) int {
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "#"), 16, 32)
	if err != nil || n < 0 || n > white {
		return defaultAccent
	}
	return int(n)
}

// on is the colour of text on the accent: white as long as it can be read,
// because that is what people expect on a button.
func on(accent int) int {
	if contrast(accent, white) >= readable {
		return white
	}
	return black
}

// toward mixes the colour with the end until it stands out from the ground.
func toward(colour, end, ground int, ratio float64) int {
	const steps = 20
	for i := range steps {
		mixed := 0
		for _, shift := range []int{16, 8, 0} {
			from, to := colour>>shift&0xff, end>>shift&0xff
			mixed |= (from + (to-from)*i/steps) << shift
		}
		if contrast(mixed, ground) >= ratio {
			return mixed
		}
	}
	return end
}

// contrast is WCAG's ratio: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
func contrast(a, b int) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(colour int) float64 {
	linear := func(shift int) float64 {
		v := float64(colour>>shift&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}
