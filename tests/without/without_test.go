package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// roleVariable makes the test binary the program itself, or what it runs.
const roleVariable = "CATBOX_WITHOUT_TEST"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "without":
		main()
	case "guest":
		guest()
		os.Exit(7)
	}
	os.Exit(m.Run())
}

// guest makes calls and prints what they answer.
func guest() {
	show := func(name string, err error) {
		var errno unix.Errno
		answer := "0"
		if errors.As(err, &errno) {
			answer = unix.ErrnoName(errno)
		}
		fmt.Println(name, answer)
	}
	call := func(name string, number uintptr, args ...uintptr) {
		all := [6]uintptr{}
		copy(all[:], args)
		_, _, errno := unix.Syscall6(number, all[0], all[1], all[2], all[3], all[4], all[5])
		show(name, errno)
	}
	open := func(name string) {
		f, err := os.Open(name)
		if err == nil {
			err = f.Close()
		}
		show(name, err)
	}
	call("getppid", unix.SYS_GETPPID)
	call("dup 77", unix.SYS_DUP, 77)
	call("dup 77 with a high bit", unix.SYS_DUP, 1<<32|77)
	call("dup 78", unix.SYS_DUP, 78)
	call("umask 4", unix.SYS_UMASK, 4)
	call("umask 8", unix.SYS_UMASK, 8)
	call("fchmod 99 1", unix.SYS_FCHMOD, 99, 1)
	call("fchmod 98 1", unix.SYS_FCHMOD, 98, 1)
	open("/proc/self/stat")
	open("/proc/self/status")
	show("seize the parent", unix.PtraceSeize(os.Getppid()))
	child, err := os.StartProcess("/bin/sleep", []string{"sleep", "1000"}, &os.ProcAttr{})
	if err != nil {
		fmt.Println(err)
		return
	}
	show("seize a child", unix.PtraceSeize(child.Pid))
	_, _ = child.Kill(), child.Release()
}

func TestWithout(t *testing.T) {
	rules := "getppid=EXDEV dup(77)=ENOTUNIQ umask(&12)=EDOM umask=ERANGE fchmod(_,1)=EOWNERDEAD /proc/*/stat=ENOTNAM"
	want := func(parent string) string {
		return "getppid EXDEV\ndup 77 ENOTUNIQ\ndup 77 with a high bit ENOTUNIQ\ndup 78 EBADF\numask 4 EDOM\numask 8 EDOM\n" +
			"fchmod 99 1 EOWNERDEAD\nfchmod 98 1 EOWNERDEAD\n/proc/self/stat ENOTNAM\n/proc/self/status 0\n" +
			"seize the parent " + parent + "\nseize a child 0\n"
	}
	for _, tt := range []struct{ name, rules, parent, says string }{
		{"without descendants", rules, "", ""},
		{"descendants only", rules + " descendants", "EPERM", "without: ptrace of process "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append(strings.Fields(tt.rules), "--", "/usr/bin/env", roleVariable+"=guest", os.Args[0])
			cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
			cmd.Env = append(os.Environ(), roleVariable+"=without")
			var said strings.Builder
			cmd.Stderr = &said
			out, err := cmd.Output()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 7 {
				t.Errorf("%v, want the exit status of the command\n%s", err, said.String())
			}
			if tt.parent == "" { // the kernel may have other reasons to refuse it
				_, rest, _ := strings.Cut(string(out), "seize the parent ")
				tt.parent, _, _ = strings.Cut(rest, "\n")
			}
			if diff := cmp.Diff(want(tt.parent), string(out)); diff != "" || strings.Contains(said.String(), "without: ") != (tt.says != "") {
				t.Errorf("calls (-want +got):\n%s\n%s", diff, said.String())
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, rule := range []string{"openat2", "openat2=", "openat2=ENOTHING", "nothing=EPERM", "dup(1=EPERM", "dup(x)=EPERM", "dup(1,2,3,4,5,6,7)=EPERM",
		"/proc/[=EPERM"} {
		if w, err := parse([]string{rule}); err == nil {
			t.Errorf("%q is taken as %+v", rule, w)
		}
	}
}

// TestProgramLeavesOtherArchitectures runs the filter for a call of another ABI.
func TestProgramLeavesOtherArchitectures(t *testing.T) {
	w, err := parse([]string{"getppid=EPERM"})
	if err != nil {
		t.Fatal(err)
	}
	program, err := w.program()
	if err != nil {
		t.Fatal(err)
	}
	code, _ := bpf.Disassemble(program)
	vm, err := bpf.NewVM(code)
	if err != nil {
		t.Fatal(err)
	}
	for arch, want := range map[uint32]int{native().Audit(): unix.SECCOMP_RET_ERRNO | int(unix.EPERM), 0x40000003: unix.SECCOMP_RET_ALLOW} {
		data := make([]byte, 64)
		for i := range 4 { // the machine loads words in network order
			data[i], data[4+i] = byte(w.calls[0].number>>(24-8*i)), byte(arch>>(24-8*i))
		}
		if got, err := vm.Run(data); err != nil || got != want {
			t.Errorf("architecture %#x: %#x, %v, want %#x", arch, got, err, want)
		}
	}
}
