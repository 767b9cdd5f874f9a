package compat

import (
	"fmt"
	"io"
	"strings"
)

// suite is a test suite of somebody else. Its scripts are for sh, run in the
// build directory of a place.
type suite struct {
	name    string
	network string // what the confined run may reach, for --network
	// source is the Debian source package that is unpacked into the build
	// directory; "" leaves it empty.
	source string
	// prepare runs once for each user, without catbox.
	prepare string
	// check runs the suite but for the tests of skip.
	check func(skip []string) string
	// alone runs one test by itself; nil where a suite has no need.
	alone func(test string) string
	// report is the file that check leaves below the build directory; "" is its
	// standard output.
	report string
	parse  func(io.Reader) (outcomes, error)
}

// suites returns the suites that CATBOX_TEST_COMPAT may name.
func suites() []suite {
	return []suite{goSuite()}
}

// goSuite is the tests of those packages of Go that are next to the kernel. Of
// net, -short leaves out what needs the Internet; the tests of deadlines with
// other numbers of processors make no calls that the others do not make.
func goSuite() suite {
	const deadlines = "TestVariousDeadlines[14]Proc"
	return suite{
		name:    "go",
		network: "loopback",
		prepare: `for p in os os/exec syscall os/signal net; do go test -c -o /dev/null $p || exit; done`,
		check: func(skip []string) string {
			pattern := []string{deadlines}
			for _, test := range skip {
				_, name := splitGoTest(test)
				pattern = append(pattern, name)
			}
			flags := fmt.Sprintf("-count=1 -json -timeout=5m -skip='^(%s)$'", strings.Join(pattern, "|"))
			return fmt.Sprintf("go test %s os os/exec syscall os/signal; go test %s -short net", flags, flags)
		},
		alone: func(test string) string {
			pkg, name := splitGoTest(test)
			return fmt.Sprintf("go test -count=1 -json -timeout=20s -short -run='^%s$' %s", name, pkg)
		},
		parse: parseGo,
	}
}

// splitGoTest cuts a name of parseGo into the package and the test at the top.
func splitGoTest(test string) (pkg, name string) {
	pkg, name, _ = strings.Cut(test, "/Test")
	name, _, _ = strings.Cut(name, "/")
	return pkg, "Test" + name
}
