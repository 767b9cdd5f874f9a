package compat

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// explanation is a row of explained.txt: a difference that is right, and why.
type explanation struct {
	suite  string
	user   string // "user", "root" or "any"
	mode   string // "allowed", "confined" or "any"
	test   string // a name; with "/..." also all below it
	native string
	catbox string
	how    string
	reason string // an entry of docs/compatibility.md
	line   int
}

// How a difference shows.
const (
	// always: it must show each time.
	always = "always"
	// alone: it must show each time, and the test takes others with it: it hangs
	// or ends its process. Inside catbox it runs by itself.
	alone = "alone"
	// unsteady: it may show. The comment above the row says what was measured
	// without catbox.
	unsteady = "unsteady"
)

// parseExplained reads explained.txt: eight fields between bars.
func parseExplained(r io.Reader) ([]explanation, error) {
	var rows []explanation
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		fields := strings.Split(text, "|")
		if len(fields) != 8 {
			return nil, fmt.Errorf("line %d: %d fields, want 8", n, len(fields))
		}
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
			if fields[i] == "" {
				return nil, fmt.Errorf("line %d: field %d is empty", n, i+1)
			}
		}
		row := explanation{fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6], fields[7], n}
		for field, allowed := range map[string][]string{
			row.user: {ordinary, root, anything},
			row.mode: {modeAllowed, modeConfined, anything},
			row.how:  {always, alone, unsteady},
		} {
			if !slices.Contains(allowed, field) {
				return nil, fmt.Errorf("line %d: %q is none of %q", n, field, allowed)
			}
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}

// anything stands for every user or every mode.
const anything = "any"

// concerns says whether a row speaks of a run.
func (e *explanation) concerns(suite, user, mode string) bool {
	return e.suite == suite && (e.user == user || e.user == anything) && (e.mode == mode || e.mode == anything)
}

// names says whether a row speaks of a test.
func (e *explanation) names(test string) bool {
	if above, ok := strings.CutSuffix(e.test, "/..."); ok {
		return test == above || strings.HasPrefix(test, above+"/")
	}
	return test == e.test
}

// selectRows returns the rows that speak of a run.
func selectRows(rows []explanation, suite, user, mode string) []explanation {
	var of []explanation
	for i := range rows {
		if rows[i].concerns(suite, user, mode) {
			of = append(of, rows[i])
		}
	}
	return of
}
