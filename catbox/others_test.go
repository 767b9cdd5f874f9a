package catbox

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// What the test suites of other programs found (see tests/compat).

func TestSignalThroughADirectoryOfProc(t *testing.T) {
	play(t, allowA, []scene{
		{"itself", "openat AT_FDCWD /proc/self O_RDONLY : pidfd_send_signal $1 28 NULL 0", // SIGWINCH
			"openat=0 pidfd_send_signal=0", nil},
		{"a process outside", fmt.Sprintf("openat AT_FDCWD /proc/%d O_RDONLY : pidfd_send_signal $1 28 NULL 0", os.Getpid()),
			"openat=0 pidfd_send_signal=EPERM", []string{"pidfd_send_signal"}},
		{"another directory of proc", "openat AT_FDCWD /proc/self/fd O_RDONLY : pidfd_send_signal $1 28 NULL 0",
			"openat=0 pidfd_send_signal=EBADF", nil},
		{"a directory of that name elsewhere", "mkdirat AT_FDCWD a/1 0755 : openat AT_FDCWD a/1 O_RDONLY : pidfd_send_signal $2 28 NULL 0",
			"mkdirat=0 openat=0 pidfd_send_signal=EBADF", nil},
	})
}

// TestReasonOfHiddenProcess: LeakSanitizer makes a process that no tracer sees,
// which has nothing to do with namespaces.
func TestReasonOfHiddenProcess(t *testing.T) {
	w := newWorld(t, os.Getuid())
	out, res := w.confined(t, w.box(), w.words("clone 0x800011 NULL NULL NULL NULL")...) // CLONE_UNTRACED|SIGCHLD
	if out != "clone=EPERM" || len(res.Violations) != 1 || !strings.Contains(res.Violations[0].Reason, "hides from its tracer") {
		t.Errorf("got %q, %+v; want EPERM and a reason that says so", out, res.Violations)
	}
}
