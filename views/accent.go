package views

import (
	"fmt"
	"math"
	"strconv"

	"github.com/payloop/payloop/internal/billing"
)

// Backgrounds that links are written on, the least favourable of each theme;
// the stylesheet has the same values.
const (
	lightGround = 0xeef0f4
	darkGround  = 0x1f242d
	// readable is the contrast that WCAG 2.2 asks for text at level AA.
	readable = 4.5
)

// AccentCSS is the text of the one inline style of every page: the product's
// accent colour, what can be read on it, and links made readable from it in
// each theme. The server allows it by its hash.
func AccentCSS(p billing.Product) string {
	accent := parseColour(p.Accent)
	on := "#fff"
	if contrast(accent, 0xffffff) < contrast(accent, 0) {
		on = "#000"
	}
	return fmt.Sprintf(":root{--accent:#%06x;--on-accent:%s;--link:#%06x}@media(prefers-color-scheme:dark){:root{--link:#%06x}}",
		accent, on, toward(accent, 0, lightGround), toward(accent, 0xffffff, darkGround))
}

func parseColour(s string) int {
	n, err := strconv.ParseInt(trimHash(s), 16, 32)
	if err != nil || n < 0 || n > 0xffffff {
		return 0x3b3fd8
	}
	return int(n)
}

func trimHash(s string) string {
	if s != "" && s[0] == '#' {
		return s[1:]
	}
	return s
}

// toward mixes the colour with the end until it is readable on the ground.
func toward(colour, end, ground int) int {
	const steps = 20
	for i := range steps + 1 {
		mixed := 0
		for _, shift := range []int{16, 8, 0} {
			from, to := colour>>shift&0xff, end>>shift&0xff
			mixed |= (from + (to-from)*i/steps) << shift
		}
		if contrast(mixed, ground) >= readable {
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
