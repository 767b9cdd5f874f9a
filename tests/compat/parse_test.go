package compat

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name  string
		parse func(io.Reader) (outcomes, error)
		text  string
		want  outcomes
		err   error
	}{
		{"go", parseGo, `words of the go command
{"Action":"run","Package":"os","Test":"TestA"}
{"Action":"output","Package":"os","Test":"TestA","Output":"--- PASS\n"}
{"Action":"pass","Package":"os","Test":"TestA"}
{"Action":"run","Package":"os","Test":"TestB"}
{"Action":"run","Package":"os","Test":"TestB/sub"}
{"Action":"skip","Package":"os","Test":"TestB/sub"}
{"Action":"fail","Package":"os"}
`, outcomes{"os/TestA": passed, "os/TestB": failed, "os/TestB/sub": skipped}, nil},
		{"go, nothing ran", parseGo, `{"Action":"fail","Package":"os"}`, nil, errNoTests},
		{"junit", parseJUnit, `<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><skipped>no root</skipped></testcase><testcase name="c"><failure/></testcase>
<testcase name="d"><error/></testcase><testcase name="e"><failure/></testcase><testcase name="e"/>
</testsuite><testsuite><testcase name="f"/><testcase name="f"><skipped/></testcase></testsuite></testsuites>`,
			outcomes{"a": passed, "b": skipped, "c": failed, "d": failed, "e": failed, "f": skipped}, nil},
		{"junit, empty", parseJUnit, `<testsuites></testsuites>`, nil, errNoTests},

		{"autotest", parseAutotest, `make[2]: Entering directory
 11: --pax-option compatibility                      skipped (opcomp06.at:24)
  1: tar version                                     ok
 12: known to fail                                   expected failure (x.at:1)
123: short read: twice                               FAILED (shortrec.at:25)
  2: 3: decreasing                                   UNEXPECTED PASS
`, outcomes{"1 tar version": passed, "11 --pax-option compatibility": skipped, "12 known to fail": "expected failure",
			"123 short read: twice": failed, "2 3: decreasing": "unexpected pass"}, nil},
		{"autotest, nothing ran", parseAutotest, "make: *** No rule\n", nil, errNoTests},
		{"automake", parseAutomake, `make  check-TESTS
PASS: tests/misc/true.sh
SKIP: tests/root.sh
XFAIL: a/b
FAIL: tests/ls/x.sh
# PASS:  1
`, outcomes{"tests/misc/true.sh": passed, "tests/root.sh": skipped, "a/b": "xfail", "tests/ls/x.sh": failed}, nil},
		{"automake, nothing ran", parseAutomake, "# PASS:  1\n", nil, errNoTests},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.parse(strings.NewReader(tt.text))
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseJUnitCutShort(t *testing.T) {
	_, err := parseJUnit(strings.NewReader(`<testsuites><testsuite><testcase name="a"/>`))
	if syntax := new(xml.SyntaxError); !errors.As(err, &syntax) {
		t.Errorf("got error %v, want a syntax error", err)
	}
}

func TestSplitGoTest(t *testing.T) {
	for _, tt := range []struct{ test, pkg, name string }{
		{"net/TestA", "net", "TestA"},
		{"os/exec/TestA/sub/TestB", "os/exec", "TestA"},
	} {
		if pkg, name := splitGoTest(tt.test); pkg != tt.pkg || name != tt.name {
			t.Errorf("%s: got %s and %s, want %s and %s", tt.test, pkg, name, tt.pkg, tt.name)
		}
	}
}
