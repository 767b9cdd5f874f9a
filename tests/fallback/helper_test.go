package fallback

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// helperVariable names the program that the test binary is to be.
const helperVariable = "CATBOX_FALLBACK_HELPER"

func helpers() map[string]func([]string) int {
	return map[string]func([]string) int{"attach": attach, "mounted": mounted, "serve": serve}
}

var copied sync.Once

// helper copies this test binary to where every user can execute it, and returns
// the words that make it a program.
func helper(t testing.TB, name string) []string {
	t.Helper()
	program := filepath.Join(programDir(), "helper")
	copied.Do(func() {
		self, err := os.Open("/proc/self/exe")
		if err != nil {
			t.Fatal(err)
		}
		defer self.Close()
		install(t, program, self)
	})
	return []string{"/usr/bin/env", helperVariable + "=" + name, program}
}

// install writes an executable file. A child does it, so that no other child of
// this process can hold the file open for writing while it is executed (ETXTBSY).
func install(t testing.TB, path string, text io.Reader) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `cat >"$0" && chmod 755 "$0"`, path)
	cmd.Stdin = text
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("write %s: %v\n%s", path, err, out)
	}
}

// attach tries to trace a process.
func attach(args []string) int {
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return 2
	}
	fmt.Print(unix.PtraceSeize(pid))
	return 0
}

// mounted runs a command in a mount namespace of its own, as a user:
//
//	mounted UID [TYPE DIR OPTIONS]... -- COMMAND ARG...
func mounted(args []string) int {
	uid, err := strconv.Atoi(args[0])
	if err == nil {
		err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	for args = args[1:]; err == nil && args[0] != "--"; args = args[3:] {
		flags, options := uintptr(0), args[2]
		if rest, ok := strings.CutPrefix(options, "ro"); ok {
			flags, options = unix.MS_RDONLY, strings.TrimPrefix(rest, ",")
		}
		if rest, ok := strings.CutPrefix(options, "noexec"); ok {
			flags, options = unix.MS_NOEXEC, strings.TrimPrefix(rest, ",")
		}
		err = unix.Mount("none", args[1], args[0], flags, options)
	}
	if err == nil && uid != os.Getuid() {
		for _, step := range []func() error{
			func() error { return syscall.Setgroups(nil) }, func() error { return syscall.Setgid(uid) },
			func() error { return syscall.Setuid(uid) },
		} {
			if err == nil {
				err = step()
			}
		}
	}
	if err == nil {
		err = os.Unsetenv(helperVariable)
	}
	if err == nil {
		err = syscall.Exec(args[1], args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "mounted:", err)
	return 2
}

// serve makes servers of many kinds and prints which of them may listen.
func serve([]string) int {
	any4, loop4, loop6 := [4]byte{}, [4]byte{127, 0, 0, 1}, [16]byte{15: 1}
	for _, s := range []struct {
		name   string
		family int
		at     []unix.Sockaddr // tried in turn
	}{
		{"path", unix.AF_UNIX, []unix.Sockaddr{&unix.SockaddrUnix{Name: "in/socket"}}},
		{"abstract", unix.AF_UNIX, []unix.Sockaddr{&unix.SockaddrUnix{Name: fmt.Sprintf("@catbox-fallback-%d", os.Getpid())}}},
		{"loopback", unix.AF_INET, []unix.Sockaddr{&unix.SockaddrInet4{Addr: loop4}}},
		{"loopback 6", unix.AF_INET6, []unix.Sockaddr{&unix.SockaddrInet6{Addr: loop6}}},
		{"unbound", unix.AF_INET, nil},
		{"everywhere", unix.AF_INET, []unix.Sockaddr{&unix.SockaddrInet4{Addr: any4}}},
		{"failed bind", unix.AF_INET, []unix.Sockaddr{&unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: taken()}}},
	} {
		fd, err := unix.Socket(s.family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		for _, at := range s.at {
			if bindErr := unix.Bind(fd, at); bindErr != nil {
				fmt.Printf("%s: bind: %v\n", s.name, bindErr)
			}
		}
		if err == nil {
			err = unix.Listen(fd, 1)
		}
		fmt.Printf("%s: %v\n", s.name, err)
	}
	return 0
}

// taken returns a port on which this process listens, if it may.
func taken() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil || unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}) != nil || unix.Listen(fd, 1) != nil {
		return 1
	}
	if at, err := unix.Getsockname(fd); err == nil {
		if at, ok := at.(*unix.SockaddrInet4); ok {
			return at.Port
		}
	}
	return 1
}
