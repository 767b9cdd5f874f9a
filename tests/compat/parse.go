package compat

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// The outcomes of a test. Suites have more of their own ("xfail"), which are
// kept as they are.
const (
	passed  = "pass"
	failed  = "fail"
	skipped = "skip"
	// absent is the outcome of a test that another run of the suite has.
	absent = "absent"
)

// outcomes holds the outcome of each test of a suite by its name.
type outcomes map[string]string

// errNoTests is returned where a suite reports nothing: two empty reports
// would be equal.
var errNoTests = errors.New("no test in the report")

func (o outcomes) orError() (outcomes, error) {
	if len(o) == 0 {
		return nil, errNoTests
	}
	return o, nil
}

// count returns how many tests have an outcome.
func (o outcomes) count(outcome string) int {
	n := 0
	for _, got := range o {
		if got == outcome {
			n++
		}
	}
	return n
}

// parseGo reads what `go test -json` prints. Tests are named PACKAGE/TEST. One
// that starts and never ends, because it took its process down, has failed. Lines
// that are no JSON are words of the go command.
func parseGo(r io.Reader) (outcomes, error) {
	o := make(outcomes)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var event struct{ Action, Package, Test string }
		if json.Unmarshal(lines.Bytes(), &event) != nil || event.Test == "" {
			continue
		}
		name := event.Package + "/" + event.Test
		switch event.Action {
		case "run":
			o[name] = failed
		case passed, failed, skipped:
			o[name] = event.Action
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the report of go test: %w", err)
	}
	return o.orError()
}

// parseJUnit reads the XML that Python's test runner writes. A test that has
// several cases of one name has the worst of their outcomes.
func parseJUnit(r io.Reader) (outcomes, error) {
	var report struct {
		Suites []struct {
			Cases []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.NewDecoder(r).Decode(&report); err != nil {
		return nil, fmt.Errorf("read a JUnit report: %w", err)
	}
	o := make(outcomes)
	for _, suite := range report.Suites {
		for _, c := range suite.Cases {
			switch {
			case c.Failure != nil || c.Error != nil:
				o[c.Name] = failed
			case c.Skipped != nil && o[c.Name] != failed:
				o[c.Name] = skipped
			case o[c.Name] == "":
				o[c.Name] = passed
			}
		}
	}
	return o.orError()
}

// autotestLine is one test in the output of a suite made with GNU Autotest:
// " 12: append                 ok", or "FAILED (append.at:21)".
var autotestLine = regexp.MustCompile(`^\s*([0-9]+): (.*?)\s+(ok|skipped|FAILED|expected failure|UNEXPECTED PASS)\b`)

// parseAutotest reads the output of a suite made with GNU Autotest. Tests are
// named by their number too, since titles repeat.
func parseAutotest(r io.Reader) (outcomes, error) {
	o := make(outcomes)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		match := autotestLine.FindStringSubmatch(lines.Text())
		if match == nil {
			continue
		}
		outcome := strings.ToLower(match[3])
		switch outcome {
		case "ok":
			outcome = passed
		case "skipped":
			outcome = skipped
		case "failed":
			outcome = failed
		}
		o[match[1]+" "+match[2]] = outcome
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the report of a GNU Autotest suite: %w", err)
	}
	return o.orError()
}

// automakeLine is one test in the output of `make check` as Automake's parallel
// harness prints it: "PASS: tests/misc/true.sh".
var automakeLine = regexp.MustCompile(`^(PASS|FAIL|SKIP|XFAIL|XPASS|ERROR): (\S+)`)

// parseAutomake reads the output of Automake's parallel test harness.
func parseAutomake(r io.Reader) (outcomes, error) {
	o := make(outcomes)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if match := automakeLine.FindStringSubmatch(lines.Text()); match != nil {
			o[match[2]] = strings.ToLower(match[1])
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the report of make check: %w", err)
	}
	return o.orError()
}
