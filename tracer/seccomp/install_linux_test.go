package seccomp_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/seccomp"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// installed marks the process that confines itself.
const installed = "CATBOX_TEST_INSTALL_FILTER"

// TestInstall loads a program into the kernel. A filter cannot be taken back, so
// it does this in a process of its own.
func TestInstall(t *testing.T) {
	if os.Getenv(installed) != "" {
		fmt.Println(confined())
		return
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestInstall$")
	cmd.Env = append(os.Environ(), installed+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("confined process: %v\n%s", err, out)
	}
	got, _, _ := strings.Cut(string(out), "\n")
	want := []error{
		nil,             // getpid is allowed
		unix.EXDEV,      // getppid is refused
		unix.EBADF,      // dup of a bad descriptor: not the refused one
		unix.ENOTUNIQ,   // dup of descriptor 77, with garbage above the int
		unix.EBADF,      // lseek: bit 40 of the offset is clear
		unix.EL2NSYNC,   // lseek: bit 40 of the offset is set
		unix.ENOSYS,     // unknown number
		unix.ENOSYS,     // x32 number
		errors.New("0"), // getpgid is answered with 0
	}
	if diff := cmp.Diff(fmt.Sprint(want), got); diff != "" {
		t.Errorf("results of the confined calls (-want +got):\n%s", diff)
	}
}

// confined installs a filter on its thread and returns the results of calls.
func confined() []error {
	runtime.LockOSThread()
	arch := map[string]sysent.Arch{"amd64": sysent.AMD64, "arm64": sysent.ARM64}[runtime.GOARCH]
	spec := seccomp.Spec{Foreign: seccomp.Kill, Unknown: enosys, ABIs: []seccomp.ABI{{Arch: arch}}}
	decisions := map[uint32][]seccomp.Chain{
		unix.SYS_GETPPID: {{refuse(syscall.EXDEV)}},
		unix.SYS_DUP:     {{refuse(syscall.ENOTUNIQ, is(0, low, 77))}},
		unix.SYS_LSEEK:   {{refuse(syscall.EL2NSYNC, not(is(1, 1<<40, 0)))}},
		unix.SYS_GETPGID: {{refuse(0)}},
	}
	for nr := range uint32(500) {
		spec.ABIs[0].Calls = append(spec.ABIs[0].Calls, call(nr, decisions[nr]...))
	}
	if err := install(spec); err != nil {
		return []error{err}
	}
	results := make([]error, 0, 9)
	for _, c := range [][3]uintptr{
		{unix.SYS_GETPID}, {unix.SYS_GETPPID},
		{unix.SYS_DUP, 9999}, {unix.SYS_DUP, 0xabc<<32 | 77},
		{unix.SYS_LSEEK, 9999, 1 << 39}, {unix.SYS_LSEEK, 9999, 1 << 40},
		{700}, {0x40000000},
	} {
		if _, _, errno := unix.RawSyscall(c[0], c[1], c[2], 0); errno != 0 {
			results = append(results, errno)
		} else {
			results = append(results, nil)
		}
	}
	pgid, err := unix.Getpgid(0)
	return append(results, errors.Join(err, fmt.Errorf("%d", pgid)))
}

// install loads the program of spec for the calling thread.
func install(spec seccomp.Spec) error {
	raw, err := spec.Compile()
	if err != nil {
		return err
	}
	_, err = load(raw, 0)
	return err
}
