package catbox

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// FuzzEnter makes calls of all kinds, with any arguments over any memory, under
// all kinds of sandboxes. Nothing panics; no call runs of which an argument that
// matters could not be read, or that changes what the rules do not allow; and
// what is recorded as refused is refused.
func FuzzEnter(f *testing.F) {
	entries := slices.Collect(sysent.Entries())
	// The others never stop.
	entries = slices.DeleteFunc(entries, func(e *sysent.Entry) bool { return len(e.Confine) == 0 })
	tree := newGuestTree(f)
	boxes := guestBoxes(f, tree.root)
	arches := sysent.Arches()
	for i, e := range entries {
		variants := max(len(guestPaths), len(guestAddresses))
		if e.Arg(sysent.Path) < 0 && e.Class != sysent.Net {
			variants = 4
		}
		for j := range variants {
			paths, address := guestPaths[j%len(guestPaths)], guestAddresses[j%len(guestAddresses)]
			arch, how := (i+j)%len(arches), (i+5*j)%len(boxes)
			a, mem := guestArgs(e, len(address), j), guestMemory(arches[arch], paths[0], paths[1], address)
			f.Add(uint16(i), uint8(arch), uint8(how), a[0], a[1], a[2], a[3], a[4], a[5], mem)
			if j == 0 { // memory that ends too soon
				f.Add(uint16(i), uint8(arch), uint8(how), a[0], a[1], a[2], a[3], a[4], a[5], mem[:atNewPath+1])
			}
		}
	}
	for number := range uint64(22) {
		f.Add(uint16(slices.Index(entries, sysent.ByName("socketcall"))), uint8(1), uint8(0), number, uint64(guestBase+atWords),
			uint64(0), uint64(0), uint64(0), uint64(0), guestMemory(sysent.I386, "", "", guestAddresses[1]))
	}
	f.Fuzz(func(t *testing.T, which uint16, arch, how uint8, a, b, c, d, e, g uint64, mem []byte) {
		t.Chdir(tree.root) // not before: findings are written below the working directory
		args := [6]uint64{a, b, c, d, e, g}
		entry := entries[int(which)%len(entries)]
		abi := arches[int(arch)%len(arches)]
		if abi == sysent.I386 {
			for i := range args { // there are no wider registers
				args[i] = uint64(uint32(args[i]))
			}
		}
		box := boxes[int(how)%len(boxes)]
		s := tracer.NewStop(tracer.NewProcess(os.Getpid(), nil, "fuzz"), abi, entry, args, guestBase, mem)
		*box.journal = *newJournal(0)
		clear(box.removed)
		verdict := box.enter(s)
		checkVerdict(t, box, s, verdict)
		for path, before := range tree.outside {
			if diff := cmp.Diff(before, tree.describe(t, path)); diff != "" {
				t.Fatalf("%s with arguments %#x has changed %s (-want +got):\n%s", entry.Name, args, path, diff)
			}
		}
		if reflect.DeepEqual(verdict, tracer.Answer(0)) { // it was carried out
			tree.renew(t)
		}
		for i := range box.journal.list {
			checkViolation(t, &box.journal.list[i])
		}
		checkAddress(t, mem)
	})
}

// guestBoxes returns a confiner for each network and action, and for kernels
// without Landlock and with the first one.
func guestBoxes(f *testing.F, root string) []*confiner {
	f.Helper()
	var boxes []*confiner
	add := func(network Network, action Action, abi *int) {
		boxes = append(boxes, newTestConfiner(f, &Sandbox{Paths: []string{root + "/in"}, DenyPaths: []string{root + "/in/secret"},
			DefaultDevices: action == Report, Network: network, OnViolation: action, maxABI: abi}))
	}
	for _, network := range []Network{NetworkNone, NetworkLoopback, NetworkHost} {
		for _, action := range []Action{Deny, Report, Stop} {
			add(network, action, nil)
		}
	}
	for _, abi := range []int{0, 1} {
		add(NetworkNone, Deny, &abi)
	}
	return append(boxes, newTestConfiner(f, &Sandbox{Paths: []string{root + "/in"}, DenyPaths: []string{root + "/in/secret"},
		Fakeroot: FakerootFull}))
}

// checkVerdict checks a verdict against what the memory and the tree say.
func checkVerdict(t *testing.T, c *confiner, s *tracer.Stop, v tracer.Verdict) {
	t.Helper()
	name := s.Call.Name
	refused := slices.IndexFunc(c.journal.list, func(v Violation) bool { return !v.Allowed })
	if v.Continues() {
		if what := unreadable(s, s.Call, s.Args); what != "" {
			t.Errorf("%s runs, though %s cannot be read", name, what)
		}
		if refused >= 0 {
			t.Errorf("%s runs, though it is recorded as refused: %v", name, &c.journal.list[refused])
		}
		if c.policy.action != Report {
			checkInside(t, s)
		}
		return
	}
	if refused >= 0 && !reflect.DeepEqual(v, tracer.Deny(c.journal.list[refused].Errno)) {
		t.Errorf("%s is answered with %+v, recorded is %v", name, v, c.journal.list[refused].Errno)
	}
	if reflect.DeepEqual(v, tracer.Answer(0)) {
		return // the tracer has carried it out
	}
	const last = unix.EHWPOISON // of the errors that programs know
	for errno := unix.Errno(1); !reflect.DeepEqual(v, tracer.Deny(errno)); errno++ {
		if errno == last {
			t.Fatalf("%s is answered with %+v, which is no error", name, v)
		}
	}
}

// unreadable names an argument of a call that decides about it and that is not in
// the memory of the tracee, or returns "".
func unreadable(s *tracer.Stop, e *sysent.Entry, args [6]uint64) string {
	switch e.Class {
	case sysent.Open, sysent.PathWrite, sysent.Owner, sysent.Xattr, sysent.Access:
		return unreadablePath(s, e, args)
	case sysent.FDMeta:
		if command := args[1]; e.Op == sysent.OpNone && uint32(command) == 15 && s.ReadFull(args[2], make([]byte, 8)) != 0 { // F_SETOWN_EX
			return "struct f_owner_ex"
		}
	case sysent.Net:
		return unreadableSocket(s, e, args)
	}
	return ""
}

func unreadablePath(s *tracer.Stop, e *sysent.Entry, args [6]uint64) string {
	var buf [tracer.PathMax]byte
	for i, role := range e.Args {
		if role != sysent.Path && role != sysent.NewPath || args[i] == 0 && e.NullPath && int32(args[0]) != unix.AT_FDCWD {
			continue
		}
		if _, errno := s.ReadString(args[i], buf[:]); errno != 0 {
			return role.String()
		}
	}
	return ""
}

func unreadableSocket(s *tracer.Stop, e *sysent.Entry, args [6]uint64) string {
	if e.Args[1] == sysent.SocketcallArgs {
		return unreadableWords(s, args)
	}
	if i := e.Arg(sysent.Sockaddr); i >= 0 && s.ReadFull(args[i], make([]byte, uint32(args[i+1])%4096)) != 0 {
		return "the address"
	}
	i, count, size := e.Arg(sysent.Msghdr), uint32(1), uint64(0)
	if i < 0 {
		i, size = e.Arg(sysent.MsgVec), map[sysent.Arch]uint64{sysent.I386: 32, sysent.AMD64: 64, sysent.ARM64: 64}[s.Arch]
		count = uint32(args[2])
	}
	if i < 0 {
		return ""
	}
	for n := range min(uint64(count), 1024) {
		at := args[i] + n*size
		name, errno := s.ReadWord(at)
		if errno != 0 {
			return "a message"
		}
		var length [4]byte
		if name != 0 && s.ReadFull(at+uint64(s.Arch.PointerSize()), length[:]) != 0 {
			return "the length of an address"
		}
		if want := binary.NativeEndian.Uint32(length[:]); name != 0 && want != 0 && s.ReadFull(name, make([]byte, min(want, 128))) != 0 {
			return "the address of a message"
		}
	}
	return ""
}

// unreadableWords looks at the call that a socketcall(2) stands for.
func unreadableWords(s *tracer.Stop, args [6]uint64) string {
	inner := sysent.Socketcall(uint32(args[0]))
	if inner == nil {
		return "the call"
	}
	var words [24]byte
	if s.ReadFull(args[1], words[:4*inner.NumArgs()]) != 0 {
		return "the arguments"
	}
	var inside [6]uint64
	for i := range inside {
		inside[i] = uint64(binary.NativeEndian.Uint32(words[4*i:]))
	}
	if r := sysent.Match(inner.Confine, &inside); r == nil || r.Verb == sysent.Allow {
		return "" // never stops under its own name
	}
	return unreadable(s, inner, inside)
}

// checkInside checks that a call that runs changes nothing outside of the rules.
func checkInside(t *testing.T, s *tracer.Stop) {
	t.Helper()
	switch s.Call.Class {
	case sysent.Open, sysent.PathWrite, sysent.Owner, sysent.Xattr:
	default:
		return
	}
	dir := int32(unix.AT_FDCWD)
	var paths []string
	outside := false
	for i, role := range s.Call.Args {
		switch role {
		case sysent.DirFD, sysent.NewDirFD:
			dir = int32(s.Args[i])
		case sysent.Path, sysent.NewPath:
			var buf [tracer.PathMax]byte
			path, errno := s.ReadString(s.Args[i], buf[:])
			if errno != 0 || len(path) == 0 || dir != unix.AT_FDCWD {
				return // about a descriptor of this process
			}
			paths = append(paths, string(path))
			outside = outside || !inside(t, string(path), role, s)
		}
	}
	if outside && !harmless(s, paths) {
		t.Errorf("%s of %q runs with arguments %#x", s.Call.Name, paths, s.Args)
	}
}

// inside reports whether the object of a path, or the place where it would be, is
// in the allowed tree; or whether there can be neither.
func inside(t *testing.T, path string, role sysent.Role, s *tracer.Stop) bool {
	t.Helper()
	e := s.Call
	follow := e.Last == sysent.Follow
	if i := e.Arg(sysent.OpenFlags); i >= 0 {
		follow = s.Args[i]&unix.O_NOFOLLOW == 0 && s.Args[i]&(unix.O_CREAT|unix.O_EXCL) != unix.O_CREAT|unix.O_EXCL
	}
	if i := e.Arg(sysent.AtFlags); i >= 0 && e.Last == sysent.ByAtNoFollow {
		follow = s.Args[i]&unix.AT_SYMLINK_NOFOLLOW == 0
	} else if i >= 0 && e.Last == sysent.ByAtFollow {
		follow = s.Args[i]&unix.AT_SYMLINK_FOLLOW != 0
	}
	if role == sysent.NewPath || e.Op != sysent.OpLink && e.Last == sysent.NoFollow { // about an entry, also with a slash behind it
		path, follow = strings.TrimRight(path, "/"), false
	}
	name, err := Canonical(path, CanonicalOptions{Follow: follow && role == sysent.Path})
	root, rootErr := os.Getwd()
	if rootErr != nil {
		t.Fatal(rootErr)
	}
	return err != nil || strings.HasPrefix(name+"/", root+"/in/") && !strings.HasPrefix(name+"/", root+"/in/secret/")
}

// harmless reports whether a call has no effect wherever its paths lead: an open
// that neither creates nor writes, and a rename of a file to one of its names.
func harmless(s *tracer.Stop, paths []string) bool {
	if i := s.Call.Arg(sysent.OpenFlags); i >= 0 {
		_, err := os.Stat(paths[0])
		return s.Args[i]&(unix.O_ACCMODE|unix.O_TRUNC|tmpfile) == 0 && err == nil
	}
	if s.Call.Op != sysent.OpRename {
		return false
	}
	a, err := os.Lstat(paths[0])
	b, err2 := os.Lstat(paths[1])
	return err == nil && err2 == nil && os.SameFile(a, b)
}

// checkViolation checks what people and programs read about a violation.
func checkViolation(t *testing.T, v *Violation) {
	t.Helper()
	if line := v.String(); !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		t.Errorf("%q is no line to print", line)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	for member, want := range map[string]string{"path": v.Path, "canonical": v.Canonical, "address": v.Address} {
		got, _ := back[member].(string)
		if encoded, ok := back[member+"_bytes"].(string); ok {
			exact, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				t.Fatal(err)
			}
			got = string(exact)
		}
		if got != want {
			t.Errorf("%s: %q became %q", member, want, got)
		}
	}
}

// checkAddress decodes b as an address.
func checkAddress(t *testing.T, b []byte) {
	t.Helper()
	if len(b) < 2 {
		return
	}
	a := decodeAddress(b)
	if a.name == "" && (a.family != unix.AF_UNIX || a.path == nil) {
		t.Errorf("%x has no name", b)
	}
	if a.path != nil && (a.family != unix.AF_UNIX || slices.Contains(a.path, 0)) {
		t.Errorf("%x: path %q", b, a.path)
	}
}
