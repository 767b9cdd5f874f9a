package record

import (
	"bytes"
	"io"
	"testing"

	"golang.org/x/sys/unix"
)

// events reads a record to its end.
func events(t *testing.T, r io.Reader) []Event {
	t.Helper()
	var list []Event
	for e, err := range Read(r) {
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		list = append(list, e)
	}
	return list
}

// one returns the only event of its type.
func one[T Event](t *testing.T, list []Event) T {
	t.Helper()
	var found []T
	for _, e := range list {
		if e, ok := e.(T); ok {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d events of type %T, want one", len(found), *new(T))
	}
	return found[0]
}

// files returns what a record says about files, entries of one process and path
// merged.
func files(list []Event) map[int]map[string]File {
	all := map[int]map[string]File{}
	for _, e := range list {
		e, ok := e.(*Files)
		if !ok {
			continue
		}
		if all[e.Process] == nil {
			all[e.Process] = map[string]File{}
		}
		for _, f := range e.Entries {
			old := all[e.Process][f.Path]
			f.Ops.add(&old.Ops)
			f.Errnos = append(old.Errnos, f.Errnos...)
			f.From, f.To, f.Links = append(old.From, f.From...), append(old.To, f.To...), append(old.Links, f.Links...)
			all[e.Process][f.Path] = f
		}
	}
	return all
}

// sample is a run with one of everything, with names of all kinds.
func sample(t *testing.T, o Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := NewWriter(&buf, Run{
		Argv: []string{"make", "a\xff\"\n"}, Commands: [][]string{{"make", "a\xff\"\n"}, {"true"}, {"\xff"}}, Dir: "/w\xfe", Search: []string{"/bin", "/\xfa"}, Env: []string{"PATH", "HOME"},
		Values: map[string]string{"HOME": "/h\xfd"}, Kernel: "6.1", Catbox: "0", Level: LevelAll,
		Policy: Policy{Paths: []string{"/w"}, Network: "none", Action: "deny"},
	}, o)
	maker := w.Start(100, 0)
	w.Exec(Exec{Process: maker, Path: "/usr/bin/make", Name: "/bin/m\xff", Argv: []string{"make"}, Dir: "/w\xfe",
		Interpreters: []Interpreter{{"/lib64/ld.so\xff", Loader}}})
	w.File(maker, "/w/Makefile\xff", OpRead, 0, "/w/link\xfc", "/other")
	w.File(maker, "/w/GNUmakefile", OpMissing, 2)
	cc := w.Start(101, maker)
	w.File(cc, "/w/a.c", OpRead, 0)
	w.File(cc, "/etc/shadow", OpRead, 13)
	w.File(cc, "/w/a.o.tmp", OpCreated, 0)
	w.Rename(cc, "/w/a.o.tmp", "/w/a.o\xff")
	w.Exchange(cc, "/w/x", "/w/y")
	w.Network(cc, "connect", "@\xff", unix.ENETUNREACH)
	w.Violation(Violation{Process: cc, Call: "openat", Path: "x\xff", Canonical: "/x\xff", Address: "\xff",
		Errno: "EACCES", Processes: []ProcessInfo{{101, []string{"cc"}}}, Count: 1})
	uid, mode, rdev := uint32(0), uint32(0o104755), uint64(259)
	w.Owner(Owner{Path: "/w/su\xff", UID: &uid, Mode: &mode, Rdev: &rdev})
	w.Exit(Exit{Process: cc, Status: Status{Code: -1, Signal: 9}, User: 5, System: 6})
	w.Exit(Exit{Process: maker, Status: Status{Code: 2}})
	if err := w.Close(Status{Code: 2}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
