package views

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/static"
)

// accents are easy and hard ones: dark, light, the same as the ground.
var accents = []string{"#0f766e", "#3b3fd8", "#e11d48", "#ffde00", "#7c8794", "#111111", "#000000", "#ffffff", "#171b22", "", "red"}

var property = regexp.MustCompile(`--([a-z-]+):\s*#([0-9a-f]{6})`)

// themes returns the colours of the light and the dark theme: of the
// stylesheet and, over it, of the page's own style.
func themes(accent string) [2]map[string]int {
	light, dark := map[string]int{}, map[string]int{}
	for _, css := range []string{string(static.Bytes("app.css")), AccentCSS(billing.Product{Accent: accent})} {
		before, after, _ := strings.Cut(css, "prefers-color-scheme")
		for i, part := range []string{before, after} {
			for _, m := range property.FindAllStringSubmatch(part, -1) {
				n, err := strconv.ParseInt(m[2], 16, 32)
				if err != nil {
					panic(err)
				}
				if i == 0 {
					light[m[1]] = int(n)
				}
				dark[m[1]] = int(n) // the dark theme has what it does not change
			}
		}
	}
	return [2]map[string]int{light, dark}
}

func TestEverythingCanBeReadInBothThemes(t *testing.T) {
	t.Parallel()
	text := [][2]string{
		{"text", "bg"}, {"text", "surface"}, {"text", "sunken"},
		{"muted", "bg"}, {"muted", "surface"}, {"muted", "sunken"},
		{"link", "bg"}, {"link", "surface"}, {"link", "sunken"},
		{"success", "surface"}, {"success", "success-bg"}, {"info", "info-bg"}, {"warning", "warning-bg"},
		{"error", "surface"}, {"error", "error-bg"},
		{"on-accent", "accent"},
	}
	edges := [][2]string{{"line-strong", "bg"}, {"line-strong", "surface"}, {"edge", "surface"}, {"link", "surface"}}
	for _, accent := range accents {
		for i, colours := range themes(accent) {
			check := func(pairs [][2]string, least float64) {
				for _, pair := range pairs {
					a, okA := colours[pair[0]]
					b, okB := colours[pair[1]]
					if got := contrast(a, b); !okA || !okB || got < least {
						t.Errorf("accent %s, theme %d: %s on %s has %.2f, want %.1f", accent, i, pair[0], pair[1], got, least)
					}
				}
			}
			check(text, readable)
			check(edges, visible)
		}
	}
}

func TestTheAccentIsComparedWithTheStylesheetsGrounds(t *testing.T) {
	t.Parallel()
	both := themes("")
	for name, pair := range map[string][2]int{
		"light surface": {both[0]["surface"], lightSurface}, "light sunken": {both[0]["sunken"], lightSunken},
		"dark surface": {both[1]["surface"], darkSurface}, "dark sunken": {both[1]["sunken"], darkSunken},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is #%06x in the stylesheet and #%06x here", name, pair[0], pair[1])
		}
	}
}

func TestTheAccentStaysWhatTheFounderChoseWhereItCanBeSeen(t *testing.T) {
	t.Parallel()
	for accent, want := range map[string]string{
		"#0f766e": "--accent:#0f766e;--on-accent:#ffffff;",
		"#ffde00": "--accent:#ffde00;--on-accent:#000000;",
		"#FFDE00": "--accent:#ffde00;--on-accent:#000000;",
	} {
		if got := AccentCSS(billing.Product{Accent: accent}); strings.Count(got, want) != 2 {
			t.Errorf("%s: got %s", accent, got)
		}
	}
}
