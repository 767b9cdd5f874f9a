package tracer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tests/harness"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// guestVar makes the test binary run a guest or a helper instead of the tests.
const guestVar = "CATBOX_TEST_GUEST"

// programsVar names a directory of compiled guests, for a test binary that runs
// as somebody who cannot read the sources.
const programsVar = "CATBOX_TEST_PROGRAMS"

// patience bounds what a test waits for; only a test that fails takes so long.
const patience = 20 * time.Second

// The main goroutine is on the main thread only until it blocks for the first
// time, which package testing does before TestMain.
//
//nolint:gochecknoinits // there is no later place for it
func init() {
	if os.Getenv(guestVar) == "main-thread" {
		runtime.LockOSThread() // the main goroutine is on the main thread now
	}
}

func TestMain(m *testing.M) {
	if name := os.Getenv(guestVar); name != "" {
		os.Exit(helpers()[name]())
	}
	code := m.Run()
	if dir := programDir(); os.Getenv(programsVar) == "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// helpers are the programs that the test binary itself can be.
func helpers() map[string]func() int {
	return map[string]func() int{
		"main-thread": mainThreadHelper,
		"command":     commandHelper,
	}
}

// programDir returns the directory of the compiled guests of this test run.
var programDir = sync.OnceValue(func() string {
	if dir := os.Getenv(programsVar); dir != "" {
		return dir
	}
	dir, err := os.MkdirTemp("", "catbox-guests-")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
})

// program compiles tests/guests/NAME.c and returns the path of the result.
func program(t testing.TB, name string, flags ...string) string {
	t.Helper()
	if len(flags) == 0 {
		flags = []string{"-static", "-pthread"}
	}
	return harness.Guest(t, programDir(), name, flags...)
}

// result is what a traced command did.
type result struct {
	Outcome Outcome
	Output  string
	Err     error
}

// String is the end of the command and its output.
func (r result) String() string {
	return fmt.Sprintf("%s\n%s", describeStatus(r.Outcome.Status), r.Output)
}

// command prepares a command whose standard output and error go to a file, which
// the returned function reads.
func command(t testing.TB, argv ...string) (*Command, func() string) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = out.Close(), null.Close() })
	cmd := &Command{Path: argv[0], Args: argv, Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C"},
		Files: []uintptr{null.Fd(), out.Fd(), out.Fd()}}
	return cmd, func() string {
		t.Helper()
		b, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

// trace runs a command to its end.
func trace(t testing.TB, tr *Tracer, argv ...string) result {
	t.Helper()
	cmd, output := command(t, argv...)
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, fmt.Errorf("%v took too long", argv))
	defer cancel()
	o, err := tr.Run(ctx, cmd)
	return result{o, output(), err}
}

// mustTrace is trace for runs that must end without an error.
func mustTrace(t testing.TB, tr *Tracer, argv ...string) result {
	t.Helper()
	r := trace(t, tr, argv...)
	if r.Err != nil {
		t.Fatalf("run %v: %v\n%s", argv, r.Err, r.Output)
	}
	return r
}

// native runs a command without a tracer.
func native(t testing.TB, argv ...string) result {
	t.Helper()
	cmd, output := command(t, argv...)
	pid, err := syscall.ForkExec(cmd.Path, cmd.Args, &syscall.ProcAttr{Env: cmd.Env, Files: cmd.Files})
	if err != nil {
		t.Fatal(err)
	}
	var status unix.WaitStatus
	for err = unix.EINTR; errors.Is(err, unix.EINTR); {
		_, err = unix.Wait4(pid, &status, 0, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return result{Outcome{Status: status}, output(), nil}
}

// stopOn gives the rules that stop some calls.
func stopOn(names ...string) func(*sysent.Entry) []sysent.Rule {
	return func(e *sysent.Entry) []sysent.Rule {
		if slices.Contains(names, e.Name) {
			return []sysent.Rule{{Verb: sysent.Stop}}
		}
		return nil
	}
}

// refuse gives the rules that answer a call with errno, without a stop.
func refuse(name string, errno unix.Errno) func(*sysent.Entry) []sysent.Rule {
	return func(e *sysent.Entry) []sysent.Rule {
		if e.Name == name {
			return []sysent.Rule{{Verb: sysent.Refuse, Errno: errno}}
		}
		return nil
	}
}

// stopAll stops every call there is.
func stopAll(*sysent.Entry) []sysent.Rule { return []sysent.Rule{{Verb: sysent.Stop}} }

// watchAll is a handler that lets every call stop twice and run.
func watchAll() Handler {
	return Handler{
		Name:  "watch",
		Rules: stopAll,
		Enter: func(*Stop) Verdict { return Continue().AtExit() },
		Exit:  func(*Stop) Verdict { return Continue() },
	}
}

// pipe makes a pipe whose reading end honours deadlines.
func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// eventually waits until ok holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// dup gives a file of its own for a descriptor, which honours deadlines if its
// kind can.
func dup(t testing.TB, fd uintptr) *os.File {
	t.Helper()
	n, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(n, true); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(n), "duplicate")
}

// amd64Only skips a test whose guest is written for one architecture.
func amd64Only(t testing.TB) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("the guest makes calls that only amd64 has")
	}
}
