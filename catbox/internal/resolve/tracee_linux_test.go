package resolve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// resolveAs resolves for a tracee.
func resolveAs(t *testing.T, r *Resolver, tr *tracee, req Request, res *Result) {
	t.Helper()
	req.Tgid, req.Tid = tr.Pid, tr.Tid
	if err := r.Resolve(&req, res); err != nil {
		t.Fatalf("Resolve(%q): %v", req.Path, err)
	}
}

// checkKernel compares res with what the tracee's own open gives.
func checkKernel(t *testing.T, tr *tracee, req Request, res *Result) {
	t.Helper()
	flags := unix.O_NOFOLLOW
	if req.Follow {
		flags = 0
	}
	e, st := tr.ask(t, question{DirFD: int(req.DirFD), Path: req.Path, Flags: flags})
	got := res.Errno
	if got == 0 && !res.Exists {
		got = unix.ENOENT
	}
	if got != e {
		t.Errorf("Resolve(%q): errno %v, kernel %v", req.Path, got, e)
	}
	if e == 0 && (res.Ino != st.Ino || res.Dev != st.Dev) {
		t.Errorf("Resolve(%q) = %q: inode %d, kernel %d", req.Path, res.Path, res.Ino, st.Ino)
	}
}

// TestTracee resolves by the eyes of another process whose threads, descriptors
// and directories are not the test's own.
func TestTracee(t *testing.T) {
	root := plant(t, "main/ main/f own/ own/f d/ d/f f l=f me=/proc/self/cwd/f "+
		"fd=/dev/fd thr=/proc/thread-self dev=/dev/fd/3")
	tr := setup{
		Chdir: root + "/main", Own: root + "/own", Memfd: true, Temp: root + "/d", Pipe: true,
		Open: []string{root + "/d", root + "/f", root + "/l", root},
	}.start(t)
	const dir, file, link, top, memfd, temp, pipe = 0, 1, 2, 3, 4, 5, 6
	fd := func(i int) string { return fmt.Sprint(tr.FDs[i]) }
	at := func(i int) int32 { return int32(tr.FDs[i]) }
	proc := fmt.Sprintf("/proc/%d", tr.Pid)
	own := fmt.Sprintf("%s/task/%d", proc, tr.Tid)
	tests := []struct {
		name  string
		dirfd int32
		path  string
		want  seen
	}{
		{"cwd of the thread", unix.AT_FDCWD, "f", named("$/own/f", isFile)},
		{"parent of the cwd", unix.AT_FDCWD, "../main/f", named("$/main/f", isFile)},
		{"descriptor", at(dir), "f", named("$/d/f", isFile)},
		{"descriptor, missing", at(dir), "x", missing("$/d/x")},
		{"descriptor, dot dot", at(dir), "../f", named("$/f", isFile)},
		{"descriptor, absolute", at(dir), root + "/f", named("$/f", isFile)},
		{"descriptor of a file", at(file), "f", failed("ENOTDIR")},
		{"descriptor of a link", at(link), "f", failed("ENOTDIR")},
		{"bad descriptor", 9999, "f", failed("EBADF")},
		{"negative descriptor", -5, "f", failed("EBADF")},
		{"bad descriptor, absolute", 9999, root + "/f", named("$/f", isFile)},
		{"self is the process", unix.AT_FDCWD, "/proc/self/cwd/f", named("$/main/f", isFile)},
		{"thread-self is the thread", unix.AT_FDCWD, "/proc/thread-self/cwd/f", named("$/own/f", isFile)},
		{"self through a link", unix.AT_FDCWD, root + "/me", named("$/main/f", isFile)},
		{"thread-self through a link", unix.AT_FDCWD, root + "/thr/cwd/f", named("$/own/f", isFile)},
		{"self itself", unix.AT_FDCWD, "/proc/self", named(proc, isDir)},
		{"thread-self itself", unix.AT_FDCWD, "/proc/thread-self", named(own, isDir)},
		{"below self", unix.AT_FDCWD, "/proc/self/status", named(proc+"/status", isFile)},
		{"below a link of procfs", unix.AT_FDCWD, "/proc/mounts", named(proc+"/mounts", isFile)},
		{"back out of self", unix.AT_FDCWD, "/proc/self/../.." + root + "/f", named("$/f", isFile)},
		{"root of self", unix.AT_FDCWD, "/proc/self/root" + root + "/f", named("$/f", isFile)},
		{"dot dot after a magic link", unix.AT_FDCWD, "/proc/self/cwd/../f", named("$/f", isFile)},
		{"dev fd", unix.AT_FDCWD, "/dev/fd/" + fd(file), named("$/f", isFile)},
		{"dev fd through a link", unix.AT_FDCWD, root + "/fd/" + fd(file), named("$/f", isFile)},
		{"below dev fd", unix.AT_FDCWD, "/dev/fd/" + fd(top) + "/d/f", named("$/d/f", isFile)},
		{"dev fd of a link", unix.AT_FDCWD, "/dev/fd/" + fd(link), named("$/l", isLink)},
		{"below dev fd of a link", unix.AT_FDCWD, "/dev/fd/" + fd(link) + "/x", failed("ENOTDIR")},
		{"dev fd of a file, slash", unix.AT_FDCWD, "/dev/fd/" + fd(file) + "/", failed("ENOTDIR").slashed()},
		{"no such dev fd", unix.AT_FDCWD, "/dev/fd/9999", missing(proc + "/fd/9999")},
		{"below no such dev fd", unix.AT_FDCWD, "/dev/fd/9999/x", failed("ENOENT")},
		{"pipe", unix.AT_FDCWD, "/dev/fd/" + fd(pipe), seen{Kind: Anonymous, Last: LastNormal, Exists: true, Type: unix.S_IFIFO}},
		{"memfd", unix.AT_FDCWD, "/dev/fd/" + fd(memfd), seen{Kind: Anonymous, Last: LastNormal, Exists: true, Type: isFile}},
		{"namespace", unix.AT_FDCWD, "/proc/self/ns/mnt", seen{Kind: Anonymous, Last: LastNormal, Exists: true, Type: isFile}},
		{"unnamed file", unix.AT_FDCWD, "/dev/fd/" + fd(temp), seen{Kind: Unlinked, Last: LastNormal, Exists: true, Type: isFile}},
	}
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			r := rd.resolver(t)
			before := countFDs(t)
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					req := Request{DirFD: tt.dirfd, Path: []byte(tt.path), Follow: true, SameRoot: rd.same}
					var res Result
					resolveAs(t, r, tr, req, &res)
					got := see(&res, root)
					if tt.want.Kind == Anonymous || tt.want.Kind == Unlinked {
						got.Path, got.Name = "", "" // numbers of the kernel
					}
					if diff := cmp.Diff(tt.want, got); diff != "" {
						t.Errorf("Resolve(%q) (-want +got):\n%s", req.Path, diff)
					}
					checkKernel(t, tr, req, &res)
				})
			}
			if after := countFDs(t); after != before {
				t.Errorf("open descriptors: %d before, %d after", before, after)
			}
		})
	}
}

// TestEmptyPath covers calls on a descriptor.
func TestEmptyPath(t *testing.T) {
	root := plant(t, "d/ f l=f gone/")
	tr := setup{
		Chdir: root + "/d", Memfd: true, Temp: root + "/d", Pipe: true, Remove: root + "/gone",
		Open: []string{root + "/d", root + "/f", root + "/l", root + "/gone"},
	}.start(t)
	at := func(i int) int32 { return int32(tr.FDs[i]) }
	none := func(s seen) seen { return s.ends(LastNone) }
	tests := []struct {
		name   string
		dirfd  int32
		prefix string // of a path that holds a number
		want   seen
	}{
		{"directory", at(0), "", none(named("$/d", isDir))},
		{"file", at(1), "", none(named("$/f", isFile))},
		{"link", at(2), "", none(named("$/l", isLink))},
		{"deleted", at(3), "", seen{Path: "$/gone", Kind: Unlinked, Exists: true, Type: isDir}},
		{"memfd", at(4), "/memfd:x", seen{Kind: Anonymous, Exists: true, Type: isFile}},
		{"unnamed file", at(5), "$/d/#", seen{Kind: Unlinked, Exists: true, Type: isFile}},
		{"pipe", at(6), "pipe:[", seen{Kind: Anonymous, Exists: true, Type: unix.S_IFIFO}},
		{"cwd", unix.AT_FDCWD, "", none(named("$/d", isDir))},
		{"bad", 9999, "", seen{Errno: "EBADF"}},
	}
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			r := rd.resolver(t)
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					var res Result
					resolveAs(t, r, tr, Request{DirFD: tt.dirfd, EmptyPath: true, SameRoot: rd.same}, &res)
					got := see(&res, root)
					if tt.prefix != "" {
						if !strings.HasPrefix(got.Path, tt.prefix) {
							t.Errorf("path %q, want prefix %q", got.Path, tt.prefix)
						}
						got.Path = ""
					}
					if diff := cmp.Diff(tt.want, got); diff != "" {
						t.Errorf("Resolve (-want +got):\n%s", diff)
					}
				})
			}
		})
	}
}

// TestDeletedCwd stands in a directory that is gone.
func TestDeletedCwd(t *testing.T) {
	root := plant(t, "a/ a/gone/ a/f")
	tr := setup{Chdir: root + "/a/gone", Remove: root + "/a/gone"}.start(t)
	tests := []struct {
		path string
		want seen
	}{
		{".", seen{Path: "$/a/gone", Kind: Unlinked, Last: LastDot, Exists: true, Type: isDir}},
		{"x", failed("ENOENT")},
		{"..", named("$/a", isDir).ends(LastDotDot)},
		{"../f", named("$/a/f", isFile)},
		{"../x", missing("$/a/x")},
		{root + "/a/f", named("$/a/f", isFile)},
		{"/proc/self/cwd", seen{Path: "$/a/gone", Name: "gone", Kind: Unlinked, Last: LastNormal, Exists: true, Type: isDir}},
	}
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			r := rd.resolver(t)
			for _, tt := range tests {
				t.Run(strings.ReplaceAll(tt.path, "/", "|"), func(t *testing.T) {
					req := Request{DirFD: unix.AT_FDCWD, Path: []byte(tt.path), Follow: true, SameRoot: rd.same}
					var res Result
					resolveAs(t, r, tr, req, &res)
					if diff := cmp.Diff(tt.want, see(&res, root)); diff != "" {
						t.Errorf("Resolve(%q) (-want +got):\n%s", tt.path, diff)
					}
					checkKernel(t, tr, req, &res)
				})
			}
		})
	}
}

// TestChroot resolves for a tracee with a root of its own, a procfs of its own, and
// a descriptor from outside.
func TestChroot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("chroot(2) and mount(2) need privileges")
	}
	for _, tt := range []struct {
		name       string
		own, pidNS bool
	}{{"no procfs", false, false}, {"own procfs", true, false}, {"own pid namespace", true, true}} {
		t.Run(tt.name, func(t *testing.T) {
			own := tt.own
			root := plant(t, "outside f r/ r/proc/ r/d/ r/f r/abs=/f r/up=../../f r/d/me=/proc/self/cwd/f")
			s := setup{Chroot: root + "/r", Chdir: "/", PidNS: tt.pidNS}
			if own {
				s.Proc = root + "/r/proc"
			}
			tr := s.start(t)
			tests := []struct {
				path string
				want seen
			}{
				{"/", named("$/r", isDir).ends(LastRoot)},
				{"/f", named("$/r/f", isFile)},
				{"abs", named("$/r/f", isFile)},
				{"d/../abs", named("$/r/f", isFile)},
				{"up", named("$/r/f", isFile)},
				{"/../../f", named("$/r/f", isFile)},
				{"/..", named("$/r", isDir).ends(LastDotDot)},
				{"/outside", missing("$/r/outside")},
				{root + "/f", failed("ENOENT")},
			}
			for _, rd := range roads() {
				if rd.same {
					continue
				}
				t.Run(rd.name, func(t *testing.T) {
					r := rd.resolver(t)
					for _, tt := range tests {
						req := Request{DirFD: unix.AT_FDCWD, Path: []byte(tt.path), Follow: true}
						var res Result
						resolveAs(t, r, tr, req, &res)
						if diff := cmp.Diff(tt.want, see(&res, root)); diff != "" {
							t.Errorf("Resolve(%q) (-want +got):\n%s", tt.path, diff)
						}
						checkKernel(t, tr, req, &res)
					}
					if own {
						checkOwnProc(t, r, tr, root)
					}
				})
			}
		})
	}
}

// checkOwnProc looks through a procfs that only the tracee has mounted.
func checkOwnProc(t *testing.T, r *Resolver, tr *tracee, root string) {
	t.Helper()
	tests := []struct {
		path string
		want seen
	}{
		{"/proc/self/cwd/f", named("$/r/f", isFile)},
		{"/proc/thread-self/root/f", named("$/r/f", isFile)},
		{"/d/me", named("$/r/f", isFile)},
		{"/proc/self/../../f", named("$/r/f", isFile)},
		// The test has no such mount: what the tracee sees has no name here.
		{"/proc/self/status", seen{Last: LastNormal, Exists: true, Type: isFile}},
	}
	for _, tt := range tests {
		req := Request{DirFD: unix.AT_FDCWD, Path: []byte(tt.path), Follow: true}
		var res Result
		resolveAs(t, r, tr, req, &res)
		got := see(&res, root)
		if got.Kind == Unreachable {
			got.Path, got.Name = "", ""
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Resolve(%q) (-want +got):\n%s", tt.path, diff)
		}
		checkKernel(t, tr, req, &res)
	}
}

// TestMounts resolves what lies in a detached mount, whose names start at its own
// root, and in a mount whose links are not followed.
func TestMounts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("open_tree(2) and mount(2) need privileges")
	}
	root := plant(t, "d/ d/etc/ d/f d/two n/ n/f n/l=f")
	// A detached mount calls this file "/two", and its other name is no better.
	if err := os.Link(root+"/d/two", root+"/d/etc/two"); err != nil {
		t.Fatal(err)
	}
	tr := setup{Bind: root + "/n", Tree: root + "/d"}.start(t)
	detached := int32(tr.FDs[0])
	tests := []struct {
		name  string
		dirfd int32
		path  string
		want  seen
	}{
		{"detached file", detached, "f", seen{Last: LastNormal, Exists: true, Type: isFile}},
		{"detached, two names", detached, "two", seen{Last: LastNormal, Exists: true, Type: isFile}},
		{"detached directory", detached, "etc", seen{Last: LastNormal, Exists: true, Type: isDir}},
		{"detached, missing", detached, "x", seen{Last: LastNormal}},
		{"detached root", detached, "..", seen{Last: LastDotDot, Exists: true, Type: isDir}},
		{"link of no use", unix.AT_FDCWD, root + "/n/l", failed("ELOOP")},
		{"beside it", unix.AT_FDCWD, root + "/n/f", named("$/n/f", isFile)},
	}
	for _, rd := range roads() {
		if rd.same {
			continue
		}
		t.Run(rd.name, func(t *testing.T) {
			r := rd.resolver(t)
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					req := Request{DirFD: tt.dirfd, Path: []byte(tt.path), Follow: true}
					var res Result
					resolveAs(t, r, tr, req, &res)
					if diff := cmp.Diff(tt.want, see(&res, root)); diff != "" {
						t.Errorf("Resolve(%q) (-want +got):\n%s", tt.path, diff)
					}
					checkKernel(t, tr, req, &res)
				})
			}
		})
	}
}

func TestGone(t *testing.T) {
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			r := rd.resolver(t)
			for _, dirfd := range []int32{unix.AT_FDCWD, 3} {
				// No thread has a number beyond PID_MAX_LIMIT (proc_sys_kernel(5)).
				req := Request{Tgid: 1 << 23, Tid: 1 << 23, DirFD: dirfd, Path: []byte("x"), SameRoot: rd.same}
				var res Result
				if err := r.Resolve(&req, &res); !errors.Is(err, unix.ESRCH) {
					t.Errorf("Resolve from %d: %v, want %v", dirfd, err, unix.ESRCH)
				}
			}
		})
	}
}

func TestCanonical(t *testing.T) {
	root := plant(t, "d/ d/f l=d/f")
	tr := setup{Chdir: root + "/d", Pipe: true}.start(t)
	tests := []struct {
		name, path string
		pid        int
		follow     bool
		want       string
		err        error
	}{
		{"own", filepath.Join(root, "l"), 0, true, root + "/d/f", nil},
		{"own link", filepath.Join(root, "l"), 0, false, root + "/l", nil},
		{"of a process", "f", tr.Pid, true, root + "/d/f", nil},
		{"of a thread", "/proc/self/cwd/f", tr.Tid, true, root + "/d/f", nil},
		{"missing", "../x", tr.Pid, true, root + "/x", nil},
		{"missing directory", "x/x", tr.Pid, true, "", unix.ENOENT},
		{"pipe", fmt.Sprintf("/dev/fd/%d", tr.FDs[0]), tr.Pid, true, "", ErrNoName},
		{"no such process", "x", 1 << 23, true, "", unix.ESRCH},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonical(tt.path, tt.pid, tt.follow)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Canonical(%q) = %q, %v; want %q, %v", tt.path, got, err, tt.want, tt.err)
			}
		})
	}
}
