package compat

import (
	"fmt"
	"maps"
	"slices"
)

// comparison is what became of a run inside catbox beside the runs without it.
type comparison struct {
	flaky       []string // left out: the runs without catbox disagree
	explained   []string
	unexplained []string
	stale       []string // rows of explained.txt that did not come true
	elsewhere   []string // rows whose test ends otherwise on this machine
}

// steady returns the outcomes in which two runs agree, and the names of the
// other tests.
func steady(one, two outcomes) (outcomes, []string) {
	same, flaky := make(outcomes), []string(nil)
	for _, test := range union(one, two) {
		if outcomeOf(one, test) == outcomeOf(two, test) {
			same[test] = one[test]
		} else {
			flaky = append(flaky, fmt.Sprintf("%s: %s, then %s", test, outcomeOf(one, test), outcomeOf(two, test)))
		}
	}
	return same, flaky
}

// compare judges a run inside catbox. rows are those that speak of this run.
func compare(first, second, inside outcomes, rows []explanation) comparison {
	native, flaky := steady(first, second)
	c := comparison{flaky: flaky}
	used := make(map[int]bool)
	for _, test := range union(native, inside) {
		if isFlaky(first, second, test) {
			continue
		}
		want, got := outcomeOf(native, test), outcomeOf(inside, test)
		if want == got {
			continue
		}
		text := fmt.Sprintf("%s: %s without catbox, %s inside", test, want, got)
		i := slices.IndexFunc(rows, func(e explanation) bool {
			return e.names(test) && e.native == want && e.catbox == got
		})
		if i < 0 {
			c.unexplained = append(c.unexplained, text)
			continue
		}
		used[i] = true
		c.explained = append(c.explained, text+" ("+rows[i].reason+")")
	}
	for i := range rows {
		if used[i] || rows[i].how == unsteady {
			continue
		}
		text := fmt.Sprintf("line %d: %s: %s without catbox, %s inside", rows[i].line, rows[i].test, rows[i].native, rows[i].catbox)
		if applies(&rows[i], first, second) {
			c.stale = append(c.stale, text)
		} else {
			c.elsewhere = append(c.elsewhere, text)
		}
	}
	return c
}

// applies says whether a row that did not come true could have: a test that it
// names ends without catbox as it says, or there is no such test at all.
func applies(e *explanation, first, second outcomes) bool {
	found := false
	for _, test := range union(first, second) {
		if e.names(test) {
			found = true
			if first[test] == e.native && second[test] == e.native {
				return true
			}
		}
	}
	return !found && e.native != absent
}

func isFlaky(one, two outcomes, test string) bool { return one[test] != two[test] }

func outcomeOf(o outcomes, test string) string {
	if outcome, ok := o[test]; ok {
		return outcome
	}
	return absent
}

// union returns the names of the tests of both, sorted.
func union(one, two outcomes) []string {
	all := make(outcomes, len(one)+len(two))
	maps.Copy(all, one)
	maps.Copy(all, two)
	return slices.Sorted(maps.Keys(all))
}
