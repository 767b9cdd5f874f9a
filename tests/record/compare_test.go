package record

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// difference is something that one of the two saw and the other did not.
type difference struct{ who, op, path string }

// The two who look.
const (
	byRecord = "record"
	byStrace = "strace"
)

// differences returns what one of two has and the other has not, sorted.
func differences(rec, traced deeds) []difference {
	var list []difference
	one := func(who string, has, lacks deeds) {
		for path, ops := range has {
			for op := range ops {
				if !lacks[path][op] {
					list = append(list, difference{who, op, path})
				}
			}
		}
	}
	one(byRecord, rec, traced)
	one(byStrace, traced, rec)
	slices.SortFunc(list, func(a, b difference) int {
		return strings.Compare(a.path+" "+a.op+a.who, b.path+" "+b.op+b.who)
	})
	return list
}

// unstable are names that are new in each run, and what they become.
func unstable() []struct {
	pattern *regexp.Regexp
	name    string
} {
	type rule = struct {
		pattern *regexp.Regexp
		name    string
	}
	return []rule{
		{regexp.MustCompile(`/cc[A-Za-z0-9]{6}((\.[a-z]+)*)$`), "/ccX$1"},  // the compiler's
		{regexp.MustCompile(`/cg[A-Za-z0-9]{6}(/|$)`), "/cgX$1"},           // config.guess
		{regexp.MustCompile(`/conf[A-Za-z0-9]{6}(/|$)`), "/confX$1"},       // config.status
		{regexp.MustCompile(`/(conf\w*?|cf|ztest)[0-9]{2,}`), "/${1}N"},    // configure: $$
		{regexp.MustCompile(`/sh-thd\.[A-Za-z0-9]+$`), "/sh-thd.X"},        // here-documents of bash
		{regexp.MustCompile(`/proc/[0-9]+(/|$)`), "/proc/self$1"},          // canonical, and as written
		{regexp.MustCompile(`/go-(build|link)-?[0-9]+(/|$)`), "/go-$1N$2"}, // the go command
		{regexp.MustCompile(`/st[A-Za-z0-9]{6}$`), "/stX"},                 // ar, ranlib
		{regexp.MustCompile(`/G[mM][A-Za-z0-9]{6}$`), "/GmX"},              // make
	}
}

// stable returns deeds without what differs from run to run in any case.
func (d deeds) stable(top string) deeds {
	out := deeds{}
	for path, ops := range d {
		for _, u := range unstable() {
			path = u.pattern.ReplaceAllString(path, u.name)
		}
		path = strings.Replace(path, top, "TOP", 1)
		for op := range ops {
			out.add(path, op)
		}
	}
	return out
}

// explanation is a row of explained.txt.
type explanation struct {
	build, who, op string
	path           *regexp.Regexp
	reason         string
	line           int
	used           bool
}

const anything = "any"

// readExplained reads the rows that speak of a build.
func readExplained(t *testing.T, build string) []*explanation {
	t.Helper()
	file, err := os.Open("explained.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rows []*explanation
	in := bufio.NewScanner(file)
	for n := 1; in.Scan(); n++ {
		if line := strings.TrimSpace(in.Text()); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row, err := parseRow(in.Text())
		if err != nil {
			t.Fatalf("explained.txt:%d: %v", n, err)
		}
		row.line = n
		if row.build == build || row.build == anything {
			rows = append(rows, row)
		}
	}
	return rows
}

func parseRow(line string) (*explanation, error) {
	fields := strings.Split(line, "|")
	if len(fields) != 5 {
		return nil, fmt.Errorf("%d fields, want 5", len(fields))
	}
	for i := range fields {
		if fields[i] = strings.TrimSpace(fields[i]); fields[i] == "" {
			return nil, fmt.Errorf("field %d is empty", i+1)
		}
	}
	if fields[1] != byRecord && fields[1] != byStrace {
		return nil, fmt.Errorf("%q is none of the two who look", fields[1])
	}
	path, err := regexp.Compile("^(?:" + fields[3] + ")$")
	return &explanation{build: fields[0], who: fields[1], op: fields[2], path: path, reason: fields[4]}, err
}

// unexplained returns the differences that no row explains, and marks the others.
func unexplained(list []difference, rows []*explanation) []difference {
	return slices.DeleteFunc(slices.Clone(list), func(d difference) bool {
		known := false
		for _, row := range rows {
			if row.who == d.who && row.op == d.op && row.path.MatchString(d.path) {
				row.used, known = true, true
			}
		}
		return known
	})
}

// check compares the two and fails for each difference without a reason.
func check(t *testing.T, what string, rec, traced deeds, rows []*explanation) {
	t.Helper()
	for _, d := range unexplained(differences(rec, traced), rows) {
		other := traced
		if d.who == byStrace {
			other = rec
		}
		t.Errorf("%s: only %s says that %s was %s; the other: %q", what, d.who, d.path, d.op, slices.Sorted(maps.Keys(other[d.path])))
	}
}
