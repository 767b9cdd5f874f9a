// Package harness holds what the tests of several packages share: tools that
// must be there, and guest programs in C.
package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Missing skips a test that lacks something, and fails it in continuous
// integration, where everything is installed. The message says what to install.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Need returns the path of a tool. Without it the test ends, see [Missing].
func Need(t testing.TB, tool, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		Missing(t, "%s is missing: apt-get install %s", tool, debianPackage)
	}
	return path
}

var compiling sync.Mutex

// Guest compiles tests/guests/NAME.c with flags into dir, unless it is there, and
// returns the path of the program.
func Guest(t testing.TB, dir, name string, flags ...string) string {
	t.Helper()
	return compile(t, filepath.Join(dir, name+strings.Join(flags, "")), filepath.Join(tests(), "guests", name+".c"), flags...)
}

// Attacker compiles the guest of tests/attacks with flags into dir, unless it is
// there, and returns the path of the program. It is linked at a fixed address, so
// that int 0x80 can point into it.
func Attacker(t testing.TB, dir string, flags ...string) string {
	t.Helper()
	program := filepath.Join(dir, "attacker"+strings.Join(flags, ""))
	flags = append([]string{"-w", "-static", "-no-pie", "-pthread"}, flags...)
	return compile(t, program, filepath.Join(tests(), "attacks", "guest", "*.c"), flags...)
}

// Fakeroot compiles the guest of tests/fakeroot in the same way.
func Fakeroot(t testing.TB, dir string, flags ...string) string {
	t.Helper()
	program := filepath.Join(dir, "guest"+strings.Join(flags, ""))
	flags = append([]string{"-Wall", "-D_FILE_OFFSET_BITS=64", "-static", "-pthread"}, flags...)
	return compile(t, program, filepath.Join(tests(), "fakeroot", "guest", "*.c"), flags...)
}

// tests returns the folder of all tests.
func tests() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..")
}

func compile(t testing.TB, program, pattern string, flags ...string) string {
	t.Helper()
	compiling.Lock()
	defer compiling.Unlock()
	if _, err := os.Stat(program); err == nil {
		return program
	}
	Need(t, "gcc", "gcc libc6-dev")
	sources, err := filepath.Glob(pattern)
	if err != nil || len(sources) == 0 {
		t.Fatalf("no source %s: %v", pattern, err)
	}
	args := slices.Concat([]string{"-O1", "-o", program}, sources, flags)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		if slices.Contains(flags, "-m32") {
			Missing(t, "gcc -m32 does not work: apt-get install gcc-multilib\n%s", out)
		}
		t.Fatalf("gcc %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return program
}

// Program builds a command of this module into dir, unless it is there, and returns
// the path of the binary: static, as it is released. The name is that of its
// directory, "cmd/catbox" for example.
func Program(t testing.TB, dir, name string) string {
	t.Helper()
	return build(t, filepath.Join(dir, filepath.Base(name)), "build", "./"+name)
}

// Tests builds the test binary of a package of this module, as Program does a
// command, and returns it with the directory to run it in.
func Tests(t testing.TB, dir, name string) (program, from string) {
	t.Helper()
	return build(t, filepath.Join(dir, filepath.Base(name)+".test"), "test", "-c", "./"+name), filepath.Join(root(), name)
}

func build(t testing.TB, program string, args ...string) string {
	t.Helper()
	compiling.Lock()
	defer compiling.Unlock()
	if _, err := os.Stat(program); err == nil {
		return program
	}
	last := len(args) - 1
	cmd := exec.Command(Need(t, "go", "golang-go"), append(append(args[:last:last], "-buildvcs=false", "-o", program), args[last])...)
	cmd.Dir = root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return program
}

// root returns the folder of the module.
func root() string { return filepath.Join(tests(), "..") }
