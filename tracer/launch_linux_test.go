package tracer

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
)

// nobody is an ordinary user.
const nobody = 65534

// TestLaunchErrors checks errors of starting a command.
func TestLaunchErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	script := write("script", "#!/nonexistent\n", 0o755)
	tests := []struct {
		name string
		cmd  Command
		want unix.Errno
	}{
		{"missing", Command{Path: filepath.Join(dir, "missing")}, unix.ENOENT},
		{"not executable", Command{Path: write("data", "#!/bin/sh\n", 0o644)}, unix.EACCES},
		{"directory", Command{Path: dir}, unix.EACCES},
		{"no program", Command{Path: write("text", "text", 0o755)}, unix.ENOEXEC},
		{"no interpreter", Command{Path: script}, unix.ENOENT},
		{"below a file", Command{Path: script + "/x"}, unix.ENOTDIR},
		{"no directory", Command{Path: "/bin/true", Dir: filepath.Join(dir, "missing")}, unix.ENOENT},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var tr Tracer
			test.cmd.Args = []string{"x"}
			o, err := tr.Run(t.Context(), &test.cmd)
			var launch *LaunchError
			if !errors.As(err, &launch) || launch.Step != "exec" || !errors.Is(err, test.want) {
				t.Errorf("error %v, want exec: %v", err, test.want)
			}
			if test.want == unix.ENOENT && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error %v is not fs.ErrNotExist", err)
			}
			if diff := cmp.Diff(Outcome{}, o); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
	if got := zombies(t); len(got) > 0 {
		t.Errorf("zombies are left: %v", got)
	}
}

// TestLaunchFacts checks what the command inherits.
func TestLaunchFacts(t *testing.T) {
	cmd, output := command(t, program(t, "tree"), "facts")
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	// Descriptors that os/exec would close because they are marked, and one that
	// nobody marked.
	leaked, err := unix.Open(os.DevNull, unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leaked)
	high, err := unix.FcntlInt(null.Fd(), unix.F_DUPFD, 200)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(high)
	cmd.Files = append(cmd.Files, null.Fd())
	var tr Tracer
	if _, err := tr.Run(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	want := "no_new_privs 1\npdeathsig 0\nfd 0\nfd 1\nfd 2\nfd 3\n"
	if diff := cmp.Diff(want, output()); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

// TestLaunchTransparent checks that the injected calls leave nothing behind in
// the memory of the command.
func TestLaunchTransparent(t *testing.T) {
	argv := []string{"/bin/sh", "-c", "sed 's/^[0-9a-f]*-[0-9a-f]* //' /proc/self/maps; env; cat /proc/self/limits; ulimit -a; umask; pwd"}
	want := native(t, argv...)
	got := mustTrace(t, &Tracer{Handlers: []Handler{watchAll()}}, argv...)
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDropCapabilities checks all five sets, also after another program started.
func TestDropCapabilities(t *testing.T) {
	drop := []int{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_CHECKPOINT_RESTORE}
	const script = "grep ^Cap /proc/self/status; exec /bin/sh -c 'grep ^Cap /proc/self/status'"
	before := capabilities(native(t, "/bin/sh", "-c", script).Output)
	after := capabilities(mustTrace(t, &Tracer{DropCapabilities: drop}, "/bin/sh", "-c", script).Output)
	if len(before) != 10 || len(after) != len(before) {
		t.Fatalf("capability sets: %v, %v", before, after)
	}
	for i, set := range after {
		name, bits := set.name, set.bits
		want := before[i].bits
		// The bounding set needs CAP_SETPCAP.
		if name != "CapBnd" || os.Geteuid() == 0 {
			for _, c := range drop {
				want &^= 1 << c
			}
		}
		if bits != want {
			t.Errorf("%s: %x, want %x", name, bits, want)
		}
	}
}

type capabilitySet struct {
	name string
	bits uint64
}

func capabilities(status string) []capabilitySet {
	var sets []capabilitySet
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		var bits uint64
		for _, c := range value {
			bits = bits<<4 | uint64(strings.IndexRune("0123456789abcdef", c))
		}
		sets = append(sets, capabilitySet{name, bits})
	}
	return sets
}

// TestUnreadable starts a program that its user may execute and not read: it can
// run, but cannot be confined.
func TestUnreadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "unreadable")
	binary, err := os.ReadFile(program(t, "tree"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, binary, 0o111); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		t.Skip("root can read everything; TestOrdinaryUser runs this test again")
	}
	got := trace(t, &Tracer{}, path, "facts")
	var launch *LaunchError
	if !errors.As(got.Err, &launch) || launch.Step != "prepare" || !strings.Contains(got.Err.Error(), "may not read") {
		t.Errorf("error %v", got.Err)
	}
	if got.Output != "" {
		t.Errorf("the program ran:\n%s", got.Output)
	}
}

// TestCredential starts a command as another user.
func TestCredential(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	cmd, output := command(t, "/bin/sh", "-c", "id -u; id -g; echo done")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	tr := Tracer{Handlers: []Handler{watchAll()}, DropCapabilities: []int{unix.CAP_NET_RAW}}
	if _, err := tr.Run(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("65534\n65534\ndone\n", output()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSetUserID runs a set-user-ID program: it is an ordinary one, also for root,
// whose tracing would not hinder the kernel.
func TestSetUserID(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make a set-user-ID program of another user")
	}
	path := filepath.Join(t.TempDir(), "id")
	if out, err := exec.Command("cp", "/usr/bin/id", path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Chown(path, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	if got := native(t, path, "-u").Output; got != "65534\n" {
		t.Skipf("needs a directory for temporary files that is not mounted nosuid: %q", got)
	}
	if got := mustTrace(t, &Tracer{}, path, "-u").Output; got != "0\n" {
		t.Errorf("the user is %q", got)
	}
}

// TestSignalAtLaunch sends signals while the command is being started, at its
// exec: they must reach it.
func TestSignalAtLaunch(t *testing.T) {
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGUSR1} {
		for range 20 {
			launchWithSignal(t, sig)
		}
	}
}

// launchWithSignal makes a launch of its own and sends the signal in the middle
// of it, when the process is stopped at its exec.
func launchWithSignal(t *testing.T, sig unix.Signal) {
	t.Helper()
	b := newBlocking(t, "block")
	r, err := (&Tracer{}).newRun(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var status unix.WaitStatus
	go onOwnThread(func() {
		defer close(done)
		status, err = signalled(r, b.cmd, sig)
	})
	<-done
	if err != nil || !status.Signaled() || status.Signal() != sig {
		t.Errorf("%v: %v, %s", sig, err, describeStatus(status))
	}
	b.checkGone(t)
}

// signalled launches cmd with a pending signal and returns how it ended.
func signalled(r *run, cmd *Command, sig unix.Signal) (unix.WaitStatus, error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil { // as launch does
		return 0, err
	}
	pid, err := syscall.ForkExec(cmd.Path, cmd.Args, &syscall.ProcAttr{Files: cmd.Files,
		Sys: &syscall.SysProcAttr{Ptrace: true, Pdeathsig: unix.SIGKILL}})
	if err != nil {
		return 0, err
	}
	if err := unix.Kill(pid, sig); err != nil {
		return 0, err
	}
	if err := r.prepare(pid, len(cmd.Files), r.options); err != nil {
		return 0, err
	}
	for deliver := uintptr(0); ; {
		if e := sys.Ptrace(unix.PTRACE_CONT, pid, 0, deliver); e != 0 {
			return 0, e
		}
		ev, err := waitAny(nil)
		if err != nil || !ev.stopped() {
			return ev.status, err
		}
		deliver = uintptr(ev.signal)
	}
}

// TestOrdinaryUser runs the tests of this package that matter as a user without
// any privilege.
func TestOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("this is an ordinary user")
	}
	for _, name := range []string{"tree", "signals", "opens"} {
		program(t, name)
	}
	if runtime.GOARCH == "amd64" {
		program(t, "memory", "-static")
		program(t, "registers", "-static")
	}
	dir := t.TempDir()
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	self := filepath.Join(dir, "tracer.test")
	if err := os.WriteFile(self, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	temporary := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temporary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(temporary, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const tests = "TestTree|TestDaemon|TestKillOnExit|TestCancel|TestTracerDies|TestRegisters|TestRewrite|TestLaunch|" +
		"TestDropCapabilities|TestUnreadable|TestMemory"
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^("+tests+")", "-test.v", "-test.short")
	cmd.Dir = temporary
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary, programsVar+"="+programDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestUnreadable") {
		t.Errorf("%v\n%s", err, out)
	}
}
