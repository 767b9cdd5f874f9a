package catbox

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParityC1CommandInATracedChild(t *testing.T) {
	w := newWorld(t, os.Getuid())
	out, res := w.run(t, w.box(), "/bin/sh", "-c", "X=changed; cd /; echo $PPID; exit 7")
	if out == "" || res.ExitCode != 7 || res.PID == os.Getpid() {
		t.Errorf("got output %q, exit code %d, pid %d", out, res.ExitCode, res.PID)
	}
}

func TestParityC2WritablePaths(t *testing.T) {
	play(t, func(w *world) *Sandbox { return &Sandbox{} }, []scene{
		{"nothing is writable", "openat AT_FDCWD a/new O_CREAT|O_WRONLY 0644 : openat AT_FDCWD /dev/null O_WRONLY",
			"openat=EACCES openat=EACCES", []string{"openat ~/a/new (a/new)", "openat /dev/null"}},
	})
	play(t, func(w *world) *Sandbox { return &Sandbox{Paths: []string{`~/new[0-9]+$`}} }, []scene{
		{"regular expression", "openat AT_FDCWD a/new1 O_CREAT|O_WRONLY 0644 : openat AT_FDCWD a/newx O_CREAT|O_WRONLY 0644",
			"openat=0 openat=EACCES", []string{"openat ~/a/newx (a/newx)"}},
	})
	play(t, func(w *world) *Sandbox { return &Sandbox{Paths: []string{`~a/ne`}} }, []scene{
		{"unanchored", "openat AT_FDCWD a/newx O_CREAT|O_WRONLY 0644", "openat=0", nil},
	})
	_, err := (&Sandbox{Paths: []string{"build"}}).Run(context.Background(), &Command{Args: []string{"true"}})
	if err == nil || !strings.Contains(err.Error(), "build") {
		t.Errorf("relative rule: got error %v, want one that names it", err)
	}
}

func TestParityC3TrailingSlash(t *testing.T) {
	play(t, func(w *world) *Sandbox { return &Sandbox{Paths: []string{w.root + "/d/"}} }, []scene{
		{"the directory, what is below, no sibling", "mkdir ~/d 0755 : mkdir ~/d/x 0755 : mkdir ~/dlala 0755",
			"mkdir=0 mkdir=0 mkdir=EACCES", []string{"mkdir ~/dlala"}},
	})
}

func TestParityC4NetworkAddress(t *testing.T) {
	play(t, allowA, []scene{
		{"v4", "socket AF_INET SOCK_STREAM 0 : connect $1 in4:192.0.2.1/80 LEN", "socket=0 connect=ENETUNREACH",
			[]string{"connect to 192.0.2.1:80"}},
		{"v6", "socket AF_INET6 SOCK_STREAM 0 : connect $1 in6:::1/80 LEN", "socket=0 connect=ENETUNREACH",
			[]string{"connect to [::1]:80"}},
		{"unix", "socket AF_UNIX SOCK_STREAM 0 : connect $1 un:f/sock LEN", "socket=0 connect=EACCES",
			[]string{"connect to f/sock ~/f/sock (f/sock)"}},
	})
}

func TestParityC5CollectOnly(t *testing.T) {
	w := newWorld(t, os.Getuid())
	box := w.box()
	box.OnViolation = Report
	out, res := w.run(t, box, w.guest, w.words("mkdir f/new 0755 : unlink f/file : rmdir f/none")...)
	if diff := cmp.Diff("mkdir=0\nunlink=0\nrmdir=ENOENT", out); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"mkdir ~/f/new (f/new)", "unlink ~/f/file (f/file)"}, w.report(res)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
	if !res.Violations[0].Allowed {
		t.Error("the violation does not say that the call ran")
	}
}

func TestParityC6ViolationsInOrder(t *testing.T) {
	w := newWorld(t, os.Getuid())
	var seen []string
	box := w.box()
	box.Hooks.Violation = func(v Violation) error {
		seen = append(seen, v.Call+" "+v.Path+" "+strings.TrimPrefix(v.Canonical, w.root))
		return nil
	}
	w.confined(t, box, w.words("unlink f/../f/file : mkdir ./f/x 0700 : unlink f/../f/file")...)
	want := []string{"unlink f/../f/file /f/file", "mkdir ./f/x /f/x", "unlink f/../f/file /f/file"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("callbacks (-want +got):\n%s", diff)
	}
}

func TestParityC7Hooks(t *testing.T) {
	stop := errors.New("enough")
	for _, tt := range []struct {
		name  string
		hooks func(log *[]string) Hooks
		want  []string
		err   error
	}{
		{"order", func(log *[]string) Hooks {
			return Hooks{
				ChildInitialized:      func(int) error { *log = append(*log, "born"); return nil },
				ChildDiedUnexpectedly: func(int) error { *log = append(*log, "died unexpectedly"); return nil },
			}
		}, []string{"born", "died unexpectedly"}, nil},
		{"failing birth", func(log *[]string) Hooks {
			return Hooks{ChildInitialized: func(int) error { return stop }}
		}, nil, stop},
		{"failing death", func(log *[]string) Hooks {
			return Hooks{ChildDiedUnexpectedly: func(int) error { return stop }}
		}, nil, stop},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log []string
			box := Sandbox{Hooks: tt.hooks(&log)}
			_, err := box.Run(context.Background(), &Command{Args: []string{"/bin/sh", "-c", "kill -9 $$"}})
			if !errors.Is(err, tt.err) {
				t.Errorf("got error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, log); diff != "" {
				t.Errorf("hooks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParityC8FirstChildsExitCode(t *testing.T) {
	w := newWorld(t, os.Getuid())
	fifo := filepath.Join(w.root, "a/fifo")
	if err := w.make(fifo, "fifo"); err != nil {
		t.Fatal(err)
	}
	// The descendant ends with another code, and only after the command: it
	// waits until nobody holds the other end of the pipe any more.
	_, res := w.run(t, w.box(), "/bin/sh", "-c", `(read x < a/fifo; echo late > a/late; exit 9) & exec 3> a/fifo; exit 5`)
	late, err := os.ReadFile(filepath.Join(w.root, "a/late"))
	if err != nil || res.ExitCode != 5 || string(late) != "late\n" {
		t.Errorf("got exit code %d, late output %q, %v", res.ExitCode, late, err)
	}
}

func TestParityC10MkdirOfAnAncestor(t *testing.T) {
	play(t, func(w *world) *Sandbox { return &Sandbox{Paths: []string{w.root + "/f/dir/deep/er"}} }, []scene{
		{"every existing ancestor", "mkdir / 0755 : mkdir /tmp 0755 : mkdir ~/f 0755 : mkdirat AT_FDCWD ~/f/dir 0755",
			"mkdir=EEXIST mkdir=EEXIST mkdir=EEXIST mkdirat=EEXIST", nil},
		{"one that is missing", "mkdir ~/f/dir/deep 0755", "mkdir=EACCES", []string{"mkdir ~/f/dir/deep"}},
	})
	w := newWorld(t, os.Getuid())
	if out, res := w.run(t, w.box(), "/bin/mkdir", "-p", w.root+"/a/x/y"); res.ExitCode != 0 || res.Refused() != 0 {
		t.Errorf("mkdir -p: %d, %q, %v", res.ExitCode, out, w.report(res))
	}
}

func TestParityC11OpenOfAMissingFile(t *testing.T) {
	play(t, allowA, []scene{
		{"not creating", "open f/none O_WRONLY : open f/none/x O_RDWR : open f/file/x O_WRONLY : truncate f/none 0",
			"open=ENOENT open=ENOENT open=ENOTDIR truncate=ENOENT", nil},
	})
}

func TestParityC12ErrorsOfTheWalk(t *testing.T) {
	long, tooLong := strings.Repeat("n", 255), strings.Repeat("n", 256)
	path := strings.Repeat("./", 2048)
	play(t, allowA, []scene{
		{"name outside", "mkdir f/" + tooLong + " 0755", "mkdir=ENAMETOOLONG", nil},
		{"name inside", "mkdir a/" + tooLong + " 0755 : mkdir a/" + long + " 0755", "mkdir=ENAMETOOLONG mkdir=0", nil},
		{"longest name outside", "mkdir f/" + long + " 0755", "mkdir=EACCES", []string{"mkdir ~/f/" + long + " (f/" + long + ")"}},
		{"path", "mkdir " + path + " 0755 : open " + path + "x O_CREAT|O_WRONLY 0644", "mkdir=ENAMETOOLONG open=ENAMETOOLONG", nil},
		{"loop", "open f/loop O_WRONLY : mkdir f/loop/x 0755", "open=ELOOP mkdir=ELOOP", nil},
		{"no directory", "mkdir f/none/x 0755 : mkdir f/file/x 0755", "mkdir=ENOENT mkdir=ENOTDIR", nil},
	})
}

func TestParityC13TheLinkItself(t *testing.T) {
	play(t, allowA, []scene{
		{"inside, to a target outside", "lchown a/out -1 -1 : rename a/out a/out2 : unlink a/out2 : symlink /etc/passwd a/new : rename a/outdir a/out3",
			"lchown=0 rename=0 unlink=0 symlink=0 rename=0", nil},
		{"rmdir of a link", "rmdir a/outdir", "rmdir=ENOTDIR", nil},
		{"outside, to a target inside", "unlink f/away", "unlink=EACCES", []string{"unlink ~/f/away (f/away)"}},
	})
}

func TestParityC14ProcSelf(t *testing.T) {
	play(t, allowA, []scene{
		{"proc/self/cwd", "open /proc/self/cwd/f/new O_CREAT|O_WRONLY 0644 : open /proc/self/cwd/a/new O_CREAT|O_WRONLY 0644",
			"open=EACCES open=0", []string{"open ~/f/new (/proc/self/cwd/f/new)"}},
		{"proc/self/root", "mkdir /proc/self/root~/f/new 0755", "mkdir=EACCES", []string{"mkdir ~/f/new (/proc/self/root~/f/new)"}},
		{"a thread", "thread : mkdir f/new 0755 : mkdir a/new 0755", "mkdir=EACCES mkdir=0", []string{"mkdir ~/f/new (f/new)"}},
		{"a child", "child : mkdir f/new 0755 : mkdir a/new 0755", "mkdir=EACCES mkdir=0", []string{"mkdir ~/f/new (f/new)"}},
	})
}

func TestParityC14ForkTree(t *testing.T) {
	const processes = 257 + 1 + 2
	w := newWorld(t, os.Getuid())
	out, res := w.confined(t, w.box(), w.words("storm 257 34 f/new : child : storm 2 4 f/new")...)
	if diff := cmp.Diff("storm=8738\nstorm=8", out); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if len(res.Violations) != 1 || res.Violations[0].Count != 8746 || res.Refused() != 8746 {
		t.Errorf("got %v, %d refused; want one violation that counts 8746", w.report(res), res.Refused())
	}
	if res.Processes < processes {
		t.Errorf("got %d processes, want at least %d", res.Processes, processes)
	}
}

func TestParityC14Exec(t *testing.T) {
	w := newWorld(t, os.Getuid())
	_, res := w.confined(t, w.box(), "exec", "/bin/sh", "-c", "exec /bin/rm -f f/file")
	if diff := cmp.Diff([]string{"unlinkat ~/f/file (f/file)"}, w.report(res)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func TestParityC16Canonical(t *testing.T) {
	w := newWorld(t, os.Getuid())
	cmd := exec.Command(w.guest, "hold")
	cmd.Dir = w.root + "/f"
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = in.Close(), cmd.Wait() }()
	pid := cmd.Process.Pid
	for _, tt := range []struct {
		name, path string
		opts       CanonicalOptions
		want       string
		err        error
	}{
		{"relative to a process", "dir/../link", CanonicalOptions{PID: pid}, "/f/link", nil},
		{"followed", "link", CanonicalOptions{PID: pid, Follow: true}, "/f/file", nil},
		{"proc self of a process", "/proc/self/cwd/dirlink/inner", CanonicalOptions{PID: pid}, "/f/dir/inner", nil},
		{"last component missing", w.root + "/f/none", CanonicalOptions{}, "/f/none", nil},
		{"directory missing", w.root + "/f/none/x", CanonicalOptions{}, "", os.ErrNotExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonical(tt.path, tt.opts)
			if !errors.Is(err, tt.err) {
				t.Errorf("got error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, strings.TrimPrefix(got, w.root)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
