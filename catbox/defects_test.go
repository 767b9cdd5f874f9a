package catbox

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// supervisorVar makes TestParityC9 in a copy of the test binary the supervisor
// that is killed.
const supervisorVar = "CATBOX_TEST_SUPERVISOR"

func TestParityC9SupervisorDies(t *testing.T) {
	if guest := os.Getenv(supervisorVar); guest != "" {
		box := Sandbox{Hooks: Hooks{ChildInitialized: func(pid int) error {
			_, err := os.Stdout.WriteString(strconv.Itoa(pid) + "\n")
			return err
		}}}
		_, err := box.Run(context.Background(), &Command{Args: []string{guest, "child", ":", "hold"}, Stdin: os.Stdin})
		t.Fatalf("the run has ended: %v", err)
	}
	guest := program(t, "syscalls")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestParityC9SupervisorDies$")
	cmd.Env = append(os.Environ(), supervisorVar+"="+guest)
	hold, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = hold.Close(), write.Close() }()
	cmd.Stdin = hold
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range 2 { // the command and its child
		if !lines.Scan() {
			t.Fatal("the supervisor ended early")
		}
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		pidfd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			defer unix.Close(pidfd)
			ready := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
			if n, err := unix.Poll(ready, int(patience.Milliseconds())); n != 1 {
				t.Errorf("process %d lives on without its supervisor (%v)", pid, err)
			}
		}()
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
}

func TestParityDefectMissingFile(t *testing.T) {
	play(t, allowA, []scene{
		{"ENOENT and no descriptor", "open f/none O_RDWR : open f/none 0 : write $2 x 1", "open=ENOENT open=ENOENT write=EBADF", nil},
	})
}

func TestParityDefectReadOnlyOpens(t *testing.T) {
	play(t, allowA, []scene{
		{"O_CREAT", "open f/new O_RDONLY|O_CREAT 0644", "open=EACCES", []string{"open ~/f/new (f/new)"}},
		{"O_TRUNC", "open f/file O_RDONLY|O_TRUNC", "open=EACCES", []string{"open ~/f/file (f/file)"}},
		{"O_CREAT of what exists", "open f/file O_RDONLY|O_CREAT 0644", "open=0", nil},
	})
}

func TestParityDefectMkdir(t *testing.T) {
	play(t, allowA, []scene{
		{"mkdirat has EEXIST", "mkdirat AT_FDCWD f/dir 0755 : mkdirat AT_FDCWD / 0755 : mkdirat AT_FDCWD f/dangling 0755",
			"mkdirat=EEXIST mkdirat=EEXIST mkdirat=EEXIST", nil},
		{"a prefix of the name of an allowed one", "mkdir " + "~/ 0755 : mkdir ~/f/a 0755", "mkdir=EEXIST mkdir=EACCES",
			[]string{"mkdir ~/f/a"}},
	})
	play(t, func(w *world) *Sandbox { return &Sandbox{Paths: []string{w.root + "/var/x"}} }, []scene{
		{"/v where /var/x is allowed", "mkdir ~/v 0755", "mkdir=EACCES", []string{"mkdir ~/v"}},
	})
}

func TestParityDefectLastLink(t *testing.T) {
	// The old decision looked behind the last link, inside; each of these acts
	// on the entry, outside, or the other way around.
	play(t, allowA, []scene{
		{"rename", "rename f/away f/other2 : rename a/outnew a/x", "rename=EACCES rename=0", []string{"rename ~/f/away (f/away)"}},
		{"link", "link f/away a/x : linkat AT_FDCWD a/in AT_FDCWD a/y AT_SYMLINK_FOLLOW", "link=EACCES linkat=0",
			[]string{"link ~/f/away (f/away)"}},
		{"mkdir", "mkdir f/away 0755 : mkdir a/outnew 0755", "mkdir=EEXIST mkdir=EEXIST", nil},
		{"rmdir", "rmdir f/emptylink : rmdir a/outdir", "rmdir=ENOTDIR rmdir=ENOTDIR", nil},
		{"mknod", "mknod f/away S_IFREG|0644 0 : mknod a/outnew S_IFREG|0644 0", "mknod=EEXIST mknod=EEXIST", nil},
	})
}

func TestParityDefectFchownatFlag(t *testing.T) {
	play(t, allowA, []scene{
		{"nofollow", "fchownat AT_FDCWD a/out -1 -1 AT_SYMLINK_NOFOLLOW", "fchownat=0", nil},
		{"follow", "fchownat AT_FDCWD a/out -1 -1 0", "fchownat=EACCES", []string{"fchownat ~/f/file (a/out)"}},
		{"empty path", "open f/file 0 : fchownat $1 s: -1 -1 AT_EMPTY_PATH : open a/file 0 : fchownat $3 s: -1 -1 AT_EMPTY_PATH",
			"open=0 fchownat=EACCES open=0 fchownat=0", []string{"fchownat ~/f/file ()"}},
		{"unknown flag", "fchownat AT_FDCWD f/file -1 -1 1", "fchownat=EINVAL", nil},
	})
}

func TestParityDefectUncheckedCalls(t *testing.T) {
	on := func(call, path string) []string { return []string{call + " ~/" + path + " (" + path + ")"} }
	fd := func(call string) []string { return []string{call + " ~/f/file ()"} }
	play(t, allowA, []scene{
		{"utime", "utime f/file NULL", "utime=EACCES", on("utime", "f/file")},
		{"utimes", "utimes f/file NULL", "utimes=EACCES", on("utimes", "f/file")},
		{"futimesat", "futimesat AT_FDCWD f/file NULL", "futimesat=EACCES", on("futimesat", "f/file")},
		{"utimensat", "utimensat AT_FDCWD f/file NULL 0", "utimensat=EACCES", on("utimensat", "f/file")},
		{"futimens", "open f/file 0 : utimensat $1 NULL NULL 0", "open=0 utimensat=EACCES", fd("utimensat")},
		{"fchmod", "open f/file 0 : fchmod $1 0777", "open=0 fchmod=EACCES", fd("fchmod")},
		{"fchown", "open f/file 0 : fchown $1 -1 -1", "open=0 fchown=EACCES", fd("fchown")},
		{"ftruncate", "open f/file 0 : ftruncate $1 0", "open=0 ftruncate=EINVAL", nil},
		{"truncate", "truncate f/file 0", "truncate=EACCES", on("truncate", "f/file")},
		{"setxattr", "setxattr f/file user.x v 1 0", "setxattr=EACCES", on("setxattr", "f/file")},
		{"lsetxattr", "lsetxattr f/link user.x v 1 0", "lsetxattr=EACCES", on("lsetxattr", "f/link")},
		{"fsetxattr", "open f/file 0 : fsetxattr $1 user.x v 1 0", "open=0 fsetxattr=EACCES", fd("fsetxattr")},
		{"removexattr", "removexattr f/file user.x", "removexattr=EACCES", on("removexattr", "f/file")},
		{"inode flags", "open f/file 0 : ioctl $1 FS_IOC_SETFLAGS d:0x40", "open=0 ioctl=EPERM", fd("ioctl")},
		{"renameat2", "renameat2 AT_FDCWD f/file AT_FDCWD a/x 0", "renameat2=EACCES", on("renameat2", "f/file")},
		{"openat2", "openat2 AT_FDCWD f/new w:O_CREAT|O_WRONLY,0644,0 24", "openat2=ENOSYS", nil},
		{"bind", "socket AF_UNIX SOCK_STREAM 0 : bind $1 un:f/new LEN", "socket=0 bind=EACCES",
			[]string{"bind to f/new ~/f/new (f/new)"}},
		{"mount API", "fsopen tmpfs 0", "fsopen=EPERM", []string{"fsopen"}},
		{"io_uring", "io_uring_setup 1 BAD", "io_uring_setup=ENOSYS", nil},
	})
}

func TestParityDefectUnixSocketsAreNoNetwork(t *testing.T) {
	play(t, allowA, []scene{
		{"pair and inside", "socketpair AF_UNIX SOCK_STREAM 0 d:0,0 : socket AF_UNIX SOCK_STREAM 0 : bind $2 un:a/s LEN : " +
			"listen $2 1 : socket AF_UNIX SOCK_STREAM 0 : connect $5 un:a/s LEN",
			"socketpair=0 socket=0 bind=0 listen=0 socket=0 connect=0", nil},
		{"no name service here", "socket AF_UNIX SOCK_STREAM 0 : connect $1 un:/var/run/nscd/none LEN", "socket=0 connect=ENOENT", nil},
	})
}

func TestParityDefectOtherTables(t *testing.T) {
	// Number 5 is open in the 32-bit table and fstat in the 64-bit one.
	calls := "80:5 f/new O_CREAT|O_WRONLY 0644 : 80:5 a/new O_CREAT|O_WRONLY 0644 : 80:10 f/file : 80:39 f/dir 0755"
	for _, flags := range [][]string{nil, {"-m32"}} {
		t.Run(strings.Join(append([]string{"gcc"}, flags...), " "), func(t *testing.T) {
			prog := program(t, "syscalls", flags...)
			for _, uid := range users() {
				w := newWorld(t, uid)
				w.guest = prog
				out, res := w.confined(t, w.box(), w.words(calls)...)
				if diff := cmp.Diff("80:5=EACCES\n80:5=0\n80:10=EACCES\n80:39=EEXIST", out); diff != "" {
					t.Errorf("results (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"open ~/f/new (f/new)", "unlink ~/f/file (f/file)"}, w.report(res)); diff != "" {
					t.Errorf("violations (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestParityDefectX32(t *testing.T) {
	prog := program(t, "abi32", "-nostdlib", "-ffreestanding", "-fno-stack-protector")
	w := newWorld(t, os.Getuid())
	out, _ := w.run(t, w.box(), prog)
	if !strings.Contains(out, "x32 -38") {
		t.Errorf("a call of the x32 table: got %q, want ENOSYS", out)
	}
}

func TestParityDefectProcNames(t *testing.T) {
	play(t, allowA, []scene{
		{"selfish is no link", "open /proc/selfish/cwd/f/new O_CREAT|O_WRONLY 0644", "open=ENOENT", nil},
		{"thread-self", "open /proc/thread-self/cwd/f/new O_CREAT|O_WRONLY 0644 : open /proc/thread-self/cwd/a/new O_CREAT|O_WRONLY 0644",
			"open=EACCES open=0", []string{"open ~/f/new (/proc/thread-self/cwd/f/new)"}},
		{"a thread with its own directory", "thread : unshare CLONE_FS : chdir f : open new O_CREAT|O_WRONLY 0644 : " +
			"open /proc/thread-self/cwd/new O_CREAT|O_WRONLY 0644", "unshare=0 chdir=0 open=EACCES open=EACCES",
			[]string{"open ~/f/new (new)", "open ~/f/new (/proc/thread-self/cwd/new)"}},
	})
}

// deep is a line of calls that goes down into directories, far beyond the
// longest path that one call can name, with names of n bytes.
func deep(top string, levels, n int) string {
	name := strings.Repeat("d", n)
	line := "chdir " + top
	for range levels {
		line += " : mkdir " + name + " 0755 : chdir " + name
	}
	return line
}

func TestParityDefectLongWorkingDirectory(t *testing.T) {
	for _, uid := range users() {
		w := newWorld(t, uid)
		for _, levels := range []int{5, 30} { // beyond 1,020 bytes, and beyond PATH_MAX
			w.build(t)
			line := deep("a", levels, 250) + " : open x O_CREAT|O_WRONLY 0644 : open ~/f/new O_CREAT|O_WRONLY 0644"
			out, res := w.confined(t, w.box(), w.words(line)...)
			if !strings.HasSuffix(out, "mkdir=0\nchdir=0\nopen=0\nopen=EACCES") || len(res.Violations) != 1 {
				t.Errorf("uid %d, %d levels: got %s, %v", uid, levels, out, w.report(res))
			}
			w.build(t)
			w.native(t, w.words(deep("f", levels, 250))...)
			down := strings.Repeat("chdir "+strings.Repeat("d", 250)+" : ", levels)
			out, res = w.run(t, w.box(), w.guest, w.words("chdir f : "+down+"open x O_CREAT|O_WRONLY 0644 : open x 0")...)
			if !strings.HasSuffix(out, "chdir=0\nopen=EACCES\nopen=ENOENT") || len(res.Violations) != 1 {
				t.Errorf("uid %d, %d levels outside: got %s, %v", uid, levels, out, w.report(res))
			}
		}
	}
}

func TestParityDefectSeveralSandboxes(t *testing.T) {
	var all sync.WaitGroup
	for range 8 {
		w := newWorld(t, os.Getuid())
		all.Go(func() {
			res, err := w.box().Run(context.Background(), &Command{Dir: w.root,
				Args: []string{w.guest, "mkdir", "a/new", "0755", ":", "mkdir", "f/new", "0755"}})
			if err != nil {
				t.Error(err)
				return
			}
			if diff := cmp.Diff([]string{"mkdir ~/f/new (f/new)"}, w.report(res)); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
	all.Wait()
}

func TestParityDefectAbstractSocketName(t *testing.T) {
	play(t, allowA, []scene{
		{"name", "socket AF_UNIX SOCK_STREAM 0 : connect $1 un:@catbox-test LEN", "socket=0 connect=ECONNREFUSED",
			[]string{"connect to @catbox-test"}},
	})
}

func TestParityDefectOneStopForEachCall(t *testing.T) {
	w := newWorld(t, os.Getuid())
	const each = 50
	stops := func(n int) uint64 {
		_, res := w.run(t, w.box(), w.guest, strings.Fields(strings.Repeat("mkdir f/new 0755 : ", n))...)
		return res.Stops
	}
	if got := stops(2*each) - stops(each); got != each {
		t.Errorf("%d refused calls made %d stops", each, got)
	}
}

func TestParityDefectExitStatusIsKept(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		code         int
		signal       unix.Signal
	}{
		{"exit", "exit 42", 42, 0},
		{"signal", "kill -11 $$", -1, unix.SIGSEGV},
		{"despite a violation", "echo x > /etc/catbox-test; exit 3", 3, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := (&Sandbox{}).Run(context.Background(), &Command{Args: []string{"/bin/sh", "-c", tt.script}})
			if err != nil {
				t.Fatal(err)
			}
			if res.ExitCode != tt.code || res.Signal != tt.signal {
				t.Errorf("got %d, %v; want %d, %v", res.ExitCode, res.Signal, tt.code, tt.signal)
			}
		})
	}
}

func TestParityDefectRegexCompiledOnce(t *testing.T) {
	// A wrong expression is known before the command runs, not at the first
	// path that is looked up.
	var born bool
	box := Sandbox{Paths: []string{"~("}, Hooks: Hooks{ChildInitialized: func(int) error { born = true; return nil }}}
	_, err := box.Run(context.Background(), &Command{Args: []string{"/bin/true"}})
	if err == nil || born || errors.Is(err, ErrNotFound) {
		t.Errorf("got error %v, started %v", err, born)
	}
}
