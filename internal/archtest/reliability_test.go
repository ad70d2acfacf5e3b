package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	testLink = regexp.MustCompile(`\[((?:Test|Fuzz)\w+)\]\(([^)]+)\)`)
	testName = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`)
	tableRow = regexp.MustCompile(`(?m)^\| (\d+) \|.*$`)
)

// rowsPromised is how many rows the table of docs/reliability.md has.
const rowsPromised = 15

func TestEveryTestThatThePageOnReliabilityNamesExists(t *testing.T) {
	t.Parallel()
	const docs = "../../docs"
	page, err := os.ReadFile(filepath.Join(docs, "reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, link := range testLink.FindAllStringSubmatch(string(page), -1) {
		name, path := link[1], link[2]
		file, err := os.ReadFile(filepath.Join(docs, path))
		if err != nil || !strings.Contains(string(file), "\nfunc "+name+"(") {
			t.Errorf("%s is not in %s: %v", name, path, err)
		}
		known = append(known, name)
	}
	for _, name := range testName.FindAllString(string(page), -1) {
		if !beginsOne(known, name) {
			t.Errorf("%s is named without a link to its file", name)
		}
	}
	for i, row := range tableRow.FindAllStringSubmatch(string(page), -1) {
		if row[1] != strconv.Itoa(i+1) || !testLink.MatchString(row[0]) {
			t.Errorf("row %s has no test, or stands in place %d", row[1], i+1)
		}
	}
	if n := len(tableRow.FindAllString(string(page), -1)); n != rowsPromised {
		t.Errorf("the table has %d rows, want %d", n, rowsPromised)
	}
}

// beginsOne tells that name is a name, or the beginning of one as `-run` takes it.
func beginsOne(names []string, name string) bool {
	for _, whole := range names {
		if strings.HasPrefix(whole, name) {
			return true
		}
	}
	return false
}
