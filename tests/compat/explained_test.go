package compat

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseExplained(t *testing.T) {
	rows, err := parseExplained(strings.NewReader(`
# a comment
go | any | confined | net/TestA/... | pass | fail | alone | some reason
tar | root | allowed | 1 tar version | pass | skip | always | another
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []explanation{
		{"go", anything, modeConfined, "net/TestA/...", passed, failed, alone, "some reason", 3},
		{"tar", root, modeAllowed, "1 tar version", passed, skipped, always, "another", 4},
	}
	if diff := cmp.Diff(want, rows, cmp.AllowUnexported(explanation{})); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for _, wrong := range []string{
		"go | any | confined | net/TestA | pass | fail | always",
		"go | any | confined | net/TestA | pass | fail | always | ",
		"go | all | confined | net/TestA | pass | fail | always | reason",
		"go | any | native | net/TestA | pass | fail | always | reason",
		"go | any | any | net/TestA | pass | fail | sometimes | reason",
	} {
		if _, err := parseExplained(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q: no error", wrong)
		}
	}
}

// TestExplained holds explained.txt and docs/compatibility.md together: the page
// has an entry for each reason, and none that nothing needs.
func TestExplained(t *testing.T) {
	rows := readExplained(t)
	page, err := os.ReadFile("../../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range suites() {
		names = append(names, s.name)
	}
	reasons := make(map[string]bool)
	for i := range rows {
		reasons[rows[i].reason] = true
		if !slices.Contains(names, rows[i].suite) {
			t.Errorf("explained.txt: line %d: there is no suite %q", rows[i].line, rows[i].suite)
		}
	}
	for reason := range reasons {
		if !strings.Contains(string(page), "\n| **"+reason+"** |") {
			t.Errorf("docs/compatibility.md has no entry for %q", reason)
		}
	}
	for line := range strings.Lines(string(page)) {
		if reason, _, ok := strings.Cut(strings.TrimPrefix(line, "| **"), "** |"); ok && strings.HasPrefix(line, "| **") && !reasons[reason] {
			t.Errorf("docs/compatibility.md has an entry for %q, and no row of explained.txt needs it", reason)
		}
	}
}
