package catbox

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// recordOf runs a script in the root of a world and returns its record.
func recordOf(t *testing.T, w *world, box *Sandbox, level record.Level, script string) []record.Event {
	t.Helper()
	var out bytes.Buffer
	rec := record.NewWriter(&out, record.Run{Argv: []string{"sh"}, Level: level}, record.Options{})
	box.Record, box.RecordLevel = rec, level
	_, res := w.run(t, box, "/bin/sh", "-c", "exec 2>/dev/null; "+script)
	if err := rec.Close(record.Status{Code: res.ExitCode}); err != nil {
		t.Fatal(err)
	}
	var events []record.Event
	for event, err := range record.Read(&out) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	end, ok := events[len(events)-1].(*record.End)
	if !ok || !end.Complete {
		t.Errorf("the record is not complete: %+v", events[len(events)-1])
	}
	return events
}

// files shows what all processes together did with the paths of the world.
func (w *world) files(events []record.Event) map[string]string {
	ops := map[string]record.OpSet{}
	extra := map[string][]string{}
	short := func(path string) string { return strings.TrimPrefix(path, w.root+"/") }
	for _, event := range events {
		files, ok := event.(*record.Files)
		if !ok {
			continue
		}
		for i := range files.Entries {
			f := &files.Entries[i]
			if !strings.HasPrefix(f.Path, w.root+"/") {
				continue
			}
			path := short(f.Path)
			ops[path] |= f.Ops.Set()
			for _, m := range f.To {
				extra[path] = append(extra[path], "to "+short(m.Path))
			}
			for _, link := range f.Links {
				extra[path] = append(extra[path], "by "+short(link.Path))
			}
			extra[path] = append(extra[path], f.Errnos...)
		}
	}
	shown := map[string]string{}
	for path, set := range ops {
		more := slices.Compact(slices.Sorted(slices.Values(extra[path])))
		shown[path] = strings.Join(append(set.Strings(), more...), " ")
	}
	return shown
}

func TestRecordFiles(t *testing.T) {
	type m = map[string]string
	tests := []struct {
		name, script string
		level        record.Level
		want         m
	}{
		{"read and written", "cat a/file; echo x >a/new; echo y >>a/file; cat <a/dir/inner", "",
			m{"a/file": "read written", "a/new": "written created", "a/dir/inner": "read"}},
		{"links on the way", "cat a/out a/outdir/inner a/in", "",
			m{"f/file": "read by a/out", "f/dir/inner": "read by a/outdir", "a/file": "read by a/in"}},
		{"missing", "cat a/none a/none/below f/../a/gone; test -e a/unseen", "",
			m{"a/none": "missing ENOENT", "a/none/below": "missing ENOENT", "a/gone": "missing ENOENT"}},
		{"missing behind what is missing", "cd a; cat ./none/./below gone/sub/../more dir/../../a/absent", "",
			m{"a/none/below": "missing ENOENT", "a/gone/sub": "missing ENOENT", "a/absent": "missing ENOENT"}},
		{"links that change nothing of the end", "mkdir a/q; mkdir a/q/d; echo x >a/q/d/new; ln -s q/d a/d; cd a; cat d/new", "",
			m{"a/q": "created", "a/q/d": "created", "a/q/d/new": "read written created by a/d", "a/d": "created"}},
		{"a link that is there no more", "ln -s dir a/l; cat a/l/../none; rm a/l; cat a/l/../none", "",
			m{"a/l": "created deleted missing ENOENT", "a/none": "missing ENOENT by a/l"}},
		{"a file for a directory", "cat a/file/below", "", m{"a/file/below": "missing ENOTDIR"}},
		{"temporaries and renames", "echo x >a/tmp; mv a/tmp a/final; echo y >a/other; rm a/other; rm a/file", "",
			m{"a/tmp": "written created renamed-from to a/final", "a/final": "renamed-to", "a/other": "written created deleted", "a/file": "deleted"}},
		{"directories", "mkdir a/d a/d/e; rmdir a/d/e; ls a/dir", "",
			m{"a/d": "created", "a/d/e": "created deleted", "a/dir": "listed"}},
		{"new names", "ln a/file a/two; ln -s file a/three; cat a/three", "",
			m{"a/file": "read by a/three", "a/two": "written created", "a/three": "created"}},
		{"refused", "echo x >f/file; rm f/other; cat f/file", "",
			m{"f/file": "read failed EACCES", "f/other": "failed EACCES"}},
		{"metadata", "chmod 600 a/file; touch a/dir/inner", "", m{"a/file": "written", "a/dir/inner": "written"}},
		{"programs", "cp /bin/true a/prog; a/prog; printf '#!%s/a/prog\\n' $PWD >a/script; chmod +x a/script; a/script; a/absent", "",
			m{"a/prog": "written created executed", "a/script": "written created executed", "a/absent": "missing sought ENOENT"}},
		{"links to programs", "cp /bin/true a/prog; ln -s prog a/link; a/link", "",
			m{"a/prog": "written created executed by a/link", "a/link": "created"}},
		{"interpreters of another directory", "cp /bin/true a/prog; printf '#!./run x\\n' >a/script; ln -s prog a/run; chmod +x a/script; cd a; ./script", "",
			m{"a/prog": "written created executed by a/run", "a/script": "written created executed", "a/run": "created"}},
		{"level exec", "cat a/file; echo x >a/new; cp /bin/true a/prog; a/prog; a/absent", record.LevelExec,
			m{"a/prog": "executed", "a/absent": "missing sought ENOENT"}},
		{"level all", "stat a/file; stat a/none; test -r a/dir/inner; readlink a/in; ls -d a/outdir/", record.LevelAll,
			m{"a/file": "looked-at", "a/none": "missing ENOENT", "a/dir/inner": "looked-at", "a/in": "read looked-at", "f/dir": "looked-at by a/outdir"}},
		{"links and directories at the end", "test -e a/in; test -e a/dir/.; test -e a/file/; ln -s none a/l; test -e a/l; test -e f/..", record.LevelAll,
			m{"a/file": "looked-at missing ENOTDIR by a/in", "a/dir": "looked-at", "a/l": "created", "a/none": "missing ENOENT by a/l"}},
		{"a directory looked at again and again", "stat a/dir a/dir; mv a/dir a/was; stat a/dir a/was; rm -r a/was; ln -s ../f/dir a/was; stat -L a/was; rm a/was; stat a/was", record.LevelAll,
			m{"a/dir": "renamed-from looked-at missing ENOENT to a/was", "a/was": "created deleted renamed-to listed looked-at missing ENOENT", "f/dir": "looked-at by a/was", "a/was/inner": "deleted"}},
		{"other working directories", "cd a; test -e file; cd dir; test -e inner; cd ../..; test -e f/other", record.LevelAll,
			m{"a/file": "looked-at", "a/dir/inner": "looked-at", "f/other": "looked-at"}},
		{"a working directory that is renamed", "cd a/dir; test -e inner; mv ../dir ../moved; test -e inner; test -e none", record.LevelAll,
			m{"a/dir": "renamed-from to a/moved", "a/dir/inner": "looked-at", "a/moved": "renamed-to", "a/moved/inner": "looked-at", "a/moved/none": "missing ENOENT"}},
		{"made by a child", "test -e a/none; (: >a/none); :", record.LevelAll, m{"a/none": "written created missing ENOENT"}},
		{"made by itself", "test -e a/none; : >a/none", record.LevelAll, m{"a/none": "written created missing ENOENT"}},
	}
	for _, uid := range users() {
		w := newWorld(t, uid)
		for _, test := range tests {
			t.Run(fmt.Sprintf("%s/uid %d", test.name, uid), func(t *testing.T) {
				w.build(t)
				got := w.files(recordOf(t, w, w.box(), test.level, test.script))
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestRecordRights looks as processes of root that have become somebody else, or have
// lost their capabilities.
func TestRecordRights(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can take other identities")
	}
	w := newWorld(t, 0)
	const (
		closed  = "mkdir a/root a/nobody; : >a/root/x; : >a/nobody/x; chown 65534:65534 a/nobody; chmod 700 a/root a/nobody; test -e a/root/x; "
		look    = " sh -c 'test -e a/root/x; test -e a/nobody/x'"
		made    = "written created"
		refused = " looked-at failed EACCES"
	)
	for _, test := range []struct{ name, as, root, nobody string }{
		{"root", "env", " looked-at", " looked-at"},
		{"nobody", "setpriv --reuid=65534 --regid=65534 --clear-groups", refused, " looked-at"},
		{"no capabilities", "setpriv --bounding-set=-all", " looked-at", " failed EACCES"},
		{"the effective id as it is", "python3 -c 'import os, sys; os.setresuid(-1, 0, -1); os.setresgid(-1, 0, -1); os.execvp(sys.argv[1], sys.argv[1:])'", " looked-at", " looked-at"},
		{"another effective id", "python3 -c 'import os; os.setresuid(-1, 65534, -1); [os.path.exists(os.getcwd() + \"/\" + p) for p in (\"a/root/x\", \"a/nobody/x\")]' &&:", refused, " looked-at"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.build(t)
			all := w.files(recordOf(t, w, w.box(), record.LevelAll, closed+test.as+look))
			got := [2]string{all["a/root/x"], all["a/nobody/x"]}
			if diff := cmp.Diff([2]string{made + test.root, made + test.nobody}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestWalksFull checks that whatever is remembered can be forgotten again by the names on
// its way, with no room left as well.
func TestWalksFull(t *testing.T) {
	w := newWorld(t, users()[0])
	w.build(t)
	dir := []byte(w.root + "/a/dir")
	walks := newWalks()
	at, ok := walks.place(dir)
	if !ok {
		t.Fatal("nobody knows where that leads")
	}
	for i := 0; len(walks.known) < maxWalks; i++ {
		walks.known[fmt.Sprint(i)] = walked{}
	}
	walks.isFolder(dir, at)
	walks.changed(at.canonical[:len(at.canonical)-len("/dir")])
	if _, known := walks.folder(dir); known {
		t.Error("a directory is remembered whose parent has changed")
	}
}

// TestRecordFstat asks the rules which calls about a descriptor pass.
func TestRecordFstat(t *testing.T) {
	const cwd, pointer = 1<<64 - 100, 4096
	r := &recorder{level: record.LevelAll}
	for _, test := range []struct {
		name string
		args [6]uint64
		pass bool
	}{
		{"newfstatat", [6]uint64{3, pointer, pointer, unix.AT_EMPTY_PATH}, true},
		{"newfstatat", [6]uint64{cwd, pointer, pointer, unix.AT_EMPTY_PATH}, false},
		{"newfstatat", [6]uint64{3, pointer, pointer, unix.AT_EMPTY_PATH | unix.AT_SYMLINK_NOFOLLOW}, false},
		{"newfstatat", [6]uint64{3, pointer, pointer, 0}, false},
		{"statx", [6]uint64{3, pointer, unix.AT_EMPTY_PATH | unix.AT_STATX_DONT_SYNC}, true},
		{"statx", [6]uint64{cwd, pointer, unix.AT_EMPTY_PATH}, false},
		{"stat", [6]uint64{pointer, pointer}, false},
		{"faccessat2", [6]uint64{3, pointer, 0, unix.AT_EMPTY_PATH}, false},
	} {
		rule := sysent.Match(r.rules(sysent.ByName(test.name)), &test.args)
		if pass := rule == nil || rule.Verb == sysent.Allow; pass != test.pass {
			t.Errorf("%s%#x passes: %t", test.name, test.args, pass)
		}
	}
}

// TestRecordLevels checks that the kernel's level changes nothing of a record.
func TestRecordLevels(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	const script = "mv a/file a/dir/file; ln a/dir/file a/two; chmod 600 a/two; rm -r a/dir; rm -r a; mkdir a"
	var want map[string]string
	for _, abi := range abis(t) {
		w.build(t)
		box := w.box()
		box.maxABI = &abi
		got := w.files(recordOf(t, w, box, record.LevelFiles, script))
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want["a/dir/file"], got["a/dir/file"]); diff != "" {
			t.Errorf("Landlock %d (-want +got):\n%s", abi, diff)
		}
	}
}

// TestRecordProcesses checks the tree of processes.
func TestRecordProcesses(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	box := w.box()
	events := recordOf(t, w, box, record.LevelFiles, `cd a; sh -c 'exit 3'; sh -c 'kill -9 $$'; (:); chmod 600 ../f/file; exit 7`)
	var lines []string
	for _, event := range events {
		switch e := event.(type) {
		case *record.Start:
			lines = append(lines, fmt.Sprintf("start %d of %d", e.ID, e.Parent))
		case *record.Exec:
			if len(e.Interpreters) != 1 || e.Interpreters[0].Kind != record.Loader || !strings.HasPrefix(e.Path, "/usr/bin/") {
				t.Errorf("%s has the interpreters %v", e.Path, e.Interpreters)
			}
			lines = append(lines, fmt.Sprintf("exec %d in %s: %s", e.Process, strings.TrimPrefix(e.Dir, w.root), strings.Join(e.Argv[2:], " ")))
		case *record.Exit:
			lines = append(lines, fmt.Sprintf("exit %d: %d %d", e.Process, e.Code, e.Signal))
		case *record.Violation:
			lines = append(lines, fmt.Sprintf("violation %d: %s %s", e.Process, e.Call, strings.TrimPrefix(e.Canonical, w.root)))
		case *record.End:
			lines = append(lines, fmt.Sprintf("end %d", e.Code))
		}
	}
	want := []string{"start 1 of 0", "exec 1 in : exec 2>/dev/null; cd a; sh -c 'exit 3'; sh -c 'kill -9 $$'; (:); chmod 600 ../f/file; exit 7",
		"start 2 of 1", "exec 2 in /a: exit 3", "exit 2: 3 0", "start 3 of 1", "exec 3 in /a: kill -9 $$", "exit 3: -1 9",
		"start 4 of 1", "exit 4: 0 0", "start 5 of 1", "exec 5 in /a: ../f/file", "violation 5: fchmodat /f/file", "exit 5: 1 0", "exit 1: 7 0", "end 7"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRecordAndFake checks that a record is right where ownership is faked.
func TestRecordAndFake(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	events := recordOf(t, w, fakeBox(w), record.LevelAll, "chown 5:6 a/file; mknod a/null c 1 3; stat a/file; stat a/none; echo x >a/new")
	want := map[string]string{"a/file": "written looked-at", "a/null": "created", "a/none": "missing ENOENT", "a/new": "written created"}
	got := w.files(events)
	for path := range want {
		if got[path] != want[path] && got[path] != want[path]+" looked-at" {
			t.Errorf("%s: %q, want %q", path, got[path], want[path])
		}
	}
	var owners []string
	for _, event := range events {
		if o, ok := event.(*record.Owner); ok {
			owners = append(owners, fmt.Sprintf("%s %d:%d %o", strings.TrimPrefix(o.Path, w.root), *o.UID, *o.GID, *o.Mode))
		}
	}
	if diff := cmp.Diff([]string{"/a/file 5:6 100644", "/a/null 0:0 20644"}, owners); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
}

// TestProgress checks that the counters say what the record has.
func TestProgress(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	box := w.box()
	box.Progress = &Progress{}
	for range 2 { // the second run counts on, and knows the files
		w.build(t)
		events := recordOf(t, w, box, record.LevelAll, "cat a/file a/file a/none; (cat a/in); mv a/file a/other; rm f/file; chmod 600 f/file; chmod 600 f/file")
		starts, used, refused := int64(0), map[string]bool{}, int64(0)
		for _, event := range events {
			switch e := event.(type) {
			case *record.Start:
				starts++
			case *record.Violation:
				refused++
			case *record.Files:
				for i := range e.Entries {
					if f := &e.Entries[i]; f.Ops.Set()&^record.OpsOf(record.OpMissing, record.OpFailed, record.OpSought) != 0 {
						used[f.Path] = true
					}
				}
			}
		}
		if starts == 0 || refused == 0 || len(used) == 0 {
			t.Fatalf("the record has %d processes, %d violations, %d files", starts, refused, len(used))
		}
		if got := box.Progress.Processes.Swap(0); got != starts {
			t.Errorf("%d processes, want %d", got, starts)
		}
		if got := box.Progress.Violations.Swap(0); got != refused+1 {
			t.Errorf("%d violations, want %d: equal ones count", got, refused+1)
		}
		if got, want := int(box.Progress.Files.Load()), len(used); got != want {
			t.Errorf("%d files, want %d", got, want)
		}
	}
}

// TestRecordUnreadable executes a program that its user may not read, nor its memory,
// which nobody but root's tracer can. The record then says that it is not complete.
func TestRecordUnreadable(t *testing.T) {
	w := newWorld(t, os.Getuid())
	var out bytes.Buffer
	box := w.box()
	box.Record = record.NewWriter(&out, record.Run{}, record.Options{})
	_, res := w.run(t, box, "/bin/sh", "-c", "cp /bin/cat a/cat && chmod 111 a/cat && a/cat a/file >/dev/null")
	if err := box.Record.Close(record.Status{}); err != nil || res.ExitCode != 0 || len(res.Violations) > 0 {
		t.Fatalf("error %v, exit status %d, violations %v", err, res.ExitCode, res.Violations)
	}
	build, err := record.Load(&out)
	if err != nil {
		t.Fatal(err)
	}
	read, readable := build.Path(w.root+"/a/file") != nil, os.Getuid() == 0
	told := slices.Contains(build.End.Reasons, "memory of a program could not be read")
	if read != readable || build.End.Complete != readable || told == readable {
		t.Errorf("read: %v, complete: %v, reasons %q", read, build.End.Complete, build.End.Reasons)
	}
}

// TestRecordAppears lets one process look for what another one creates at that moment.
// It finds it at last, and its record has to say so.
func TestRecordAppears(t *testing.T) {
	guest := program(t, "appear")
	rounds := 200
	if testing.Short() {
		rounds = 50
	}
	for _, how := range []string{"create", "rename", "link", "mkdir"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, os.Getuid())
			box := &Sandbox{Paths: []string{w.root}, DefaultDevices: true}
			events := recordOf(t, w, box, record.LevelFiles, fmt.Sprintf("exec %s %s %d %s", guest, w.root, rounds, how))
			read := map[string]bool{}
			for _, event := range events {
				files, ok := event.(*record.Files)
				if !ok {
					continue
				}
				for i := range files.Entries {
					if f := &files.Entries[i]; f.Ops.Set().Has(record.OpRead) {
						read[f.Path] = true
					}
				}
			}
			lost := 0
			for round := range rounds {
				if !read[fmt.Sprintf("%s/%d", w.root, round)] {
					lost++
				}
			}
			if lost > 0 {
				t.Errorf("%d of %d names were found and are not recorded as read", lost, rounds)
			}
		})
	}
}
