package tracer

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// stopped is the wait status of a stop by sig with a ptrace event.
func stopped(sig unix.Signal, trap int) unix.WaitStatus {
	return unix.WaitStatus(0x7f | int(sig)<<8 | trap<<16)
}

func TestClassify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status unix.WaitStatus
		want   eventKind
		signal unix.Signal
	}{
		{"exit 0", 0, evExited, 0},
		{"exit 255", 255 << 8, evExited, 0},
		{"killed", unix.WaitStatus(unix.SIGKILL), evKilled, 0},
		{"core dumped", unix.WaitStatus(unix.SIGSEGV) | 0x80, evKilled, 0},
		{"continued", 0xffff, evUnexpected, 0},
		{"syscall-stop", stopped(unix.SIGTRAP|0x80, 0), evSyscall, 0},
		{"signal", stopped(unix.SIGUSR1, 0), evSignal, unix.SIGUSR1},
		{"SIGTRAP as a signal", stopped(unix.SIGTRAP, 0), evSignal, unix.SIGTRAP},
		{"SIGSTOP as a signal", stopped(unix.SIGSTOP, 0), evSignal, unix.SIGSTOP},
		{"real-time signal", stopped(unix.Signal(64), 0), evSignal, unix.Signal(64)},
		{"seccomp", stopped(unix.SIGTRAP, unix.PTRACE_EVENT_SECCOMP), evSeccomp, 0},
		{"fork", stopped(unix.SIGTRAP, unix.PTRACE_EVENT_FORK), evBirth, 0},
		{"vfork", stopped(unix.SIGTRAP, unix.PTRACE_EVENT_VFORK), evBirth, 0},
		{"clone", stopped(unix.SIGTRAP, unix.PTRACE_EVENT_CLONE), evBirth, 0},
		{"exec", stopped(unix.SIGTRAP, unix.PTRACE_EVENT_EXEC), evExec, 0},
		{"exit event", stopped(unix.SIGTRAP, unix.PTRACE_EVENT_EXIT), evUnexpected, 0},
		{"vfork done", stopped(unix.SIGTRAP, unix.PTRACE_EVENT_VFORK_DONE), evUnexpected, 0},
		{"group SIGSTOP", stopped(unix.SIGSTOP, unix.PTRACE_EVENT_STOP), evGroupStop, unix.SIGSTOP},
		{"group SIGTSTP", stopped(unix.SIGTSTP, unix.PTRACE_EVENT_STOP), evGroupStop, unix.SIGTSTP},
		{"group SIGTTIN", stopped(unix.SIGTTIN, unix.PTRACE_EVENT_STOP), evGroupStop, unix.SIGTTIN},
		{"group SIGTTOU", stopped(unix.SIGTTOU, unix.PTRACE_EVENT_STOP), evGroupStop, unix.SIGTTOU},
		{"trap", stopped(unix.SIGTRAP, unix.PTRACE_EVENT_STOP), evTrap, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := classify(7, test.status)
			want := event{kind: test.want, tid: 7, status: test.status, signal: test.signal}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(event{})); diff != "" {
				t.Errorf("classify(%#x) (-want +got):\n%s", test.status, diff)
			}
		})
	}
}

// TestClassifyEveryWord goes through all 24 bits that a status can have set.
func TestClassifyEveryWord(t *testing.T) {
	t.Parallel()
	var count [evUnexpected + 1]int
	for word := range uint32(1 << 24) {
		count[checkClassify(t, word)]++
	}
	for kind, n := range count {
		if n == 0 {
			t.Errorf("no status is classified as %s", eventKind(kind))
		}
	}
}

func checkClassify(t testing.TB, word uint32) eventKind {
	status := unix.WaitStatus(word)
	ev := classify(1, status)
	if ended := status.Exited() || status.Signaled(); ended == ev.stopped() {
		t.Fatalf("%#x: classified as %s, ended %t", word, ev.kind, ended)
	}
	if (ev.signal != 0) != (ev.kind == evGroupStop || ev.kind == evSignal && status.StopSignal() != 0) {
		t.Fatalf("%#x: classified as %s with signal %d", word, ev.kind, ev.signal)
	}
	if ev.kind != evUnexpected && ev.stopped() && !status.Stopped() {
		t.Fatalf("%#x: no stop, classified as %s", word, ev.kind)
	}
	if ev.kind.String() == "" {
		t.Fatalf("%#x: a kind without a name", word)
	}
	return ev.kind
}
