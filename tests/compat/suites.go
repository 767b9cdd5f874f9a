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
	// alone runs one test by itself. Where it is nil, no test is skipped.
	alone func(test string) string
	// report is the file that the scripts leave in the build directory; "" is
	// their standard output.
	report string
	parse  func(io.Reader) (outcomes, error)
}

// suites returns the suites that CATBOX_TEST_COMPAT may name.
func suites() []suite {
	return []suite{
		goSuite(),
		// test_signal sleeps for a minute: what is beside it costs nothing.
		pythonSuite("cpython", "loopback", "test_signal", "test_subprocess", "test_os", "test_posix", "test_shutil",
			"test_tempfile", "test_pathlib", "test_pty", "test_fcntl", "test_threadsignals", "test_faulthandler",
			"test_eintr", "test_wait3", "test_wait4", "test_resource", "test_poll", "test_epoll", "test_mmap",
			"test_tarfile"),
		// Many of these tests listen on every interface of the machine, and hang
		// where they may not.
		pythonSuite("cpython-net", "host", "test_socket", "test_socketserver", "test_asyncore"),
		debianSuite("tar", "make check TESTSUITEFLAGS=-j4", parseAutotest),
		debianSuite("sed", "make check SUBDIRS=.", parseAutomake),
		debianSuite("findutils", "make check", parseAutomake),
		debianSuite("coreutils", "make -j2 check SUBDIRS=.", parseAutomake),
	}
}

// goSuite is the tests of those packages of Go that are next to the kernel. Of
// net, -short leaves out what needs the Internet; the tests of deadlines with
// other numbers of processors make no calls that the others do not make.
func goSuite() suite {
	const packages, flags = "os os/exec syscall os/signal", "-count=1 -json -vet=off"
	return suite{
		name:    "go",
		network: "loopback",
		// Fills the cache of the go command.
		prepare: "go test -vet=off -run='^$' net " + packages,
		check: func(skip []string) string {
			pattern := []string{"TestVariousDeadlines[14]Proc"}
			for _, test := range skip {
				_, name := splitGoTest(test)
				pattern = append(pattern, name)
			}
			but := fmt.Sprintf("%s -timeout=10m -skip='^(%s)$'", flags, strings.Join(pattern, "|"))
			return fmt.Sprintf("go test %s %s; go test %s -short net", but, packages, but)
		},
		alone: func(test string) string {
			pkg, name := splitGoTest(test)
			return fmt.Sprintf("go test %s -timeout=20s -short -run='^%s$' %s", flags, name, pkg)
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

// pythonSuite is modules of CPython's own tests, for the Python of the system.
func pythonSuite(name, network string, modules ...string) suite {
	const report = "report.xml"
	check := "/usr/bin/python3 -m test -j2 --timeout=300 --junit-xml=" + report + " " + strings.Join(modules, " ")
	return suite{
		name:    name,
		network: network,
		prepare: "/usr/bin/python3 -c 'import test.test_os'",
		check:   func([]string) string { return check },
		report:  report,
		parse:   parseJUnit,
	}
}

// debianSuite is what a Debian source package with a configure script checks.
// Translations are left out, since they take time and make no calls.
func debianSuite(source, check string, parse func(io.Reader) (outcomes, error)) suite {
	return suite{
		name:    source,
		network: "none",
		source:  source,
		// configure refuses to run as root otherwise.
		prepare: "FORCE_UNSAFE_CONFIGURE=1 ./configure -q --disable-nls && make -s -j2",
		check:   func([]string) string { return check },
		parse:   parse,
	}
}
