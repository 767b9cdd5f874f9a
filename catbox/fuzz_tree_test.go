package catbox

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// Where the seeds of FuzzEnter keep what calls point to, from guestBase on.
const (
	atPath    = 0x000
	atNewPath = 0x040
	atAddress = 0x080
	atMessage = 0x100
	atWords   = 0x180
	atOwner   = 0x1c0
	guestSize = 0x200
)

// guestMemory is the memory of a seed: two paths, an address, a struct msghdr
// (the first of a vector), the arguments of a socketcall and a struct f_owner_ex.
func guestMemory(arch sysent.Arch, path, newPath, address string) []byte {
	mem := make([]byte, guestSize)
	copy(mem[atPath:atNewPath-1], path)
	copy(mem[atNewPath:atAddress-1], newPath)
	copy(mem[atAddress:], address)
	order := binary.NativeEndian
	word := func(at int, v uint64) {
		if arch == sysent.I386 {
			order.PutUint32(mem[at:], uint32(v))
			return
		}
		order.PutUint64(mem[at:], v)
	}
	word(atMessage, guestBase+atAddress)
	order.PutUint32(mem[atMessage+arch.PointerSize():], uint32(len(address)))
	for i, v := range []uint32{3, guestBase + atAddress, uint32(len(address)), 0, guestBase + atAddress, uint32(len(address))} {
		order.PutUint32(mem[atWords+4*i:], v)
	}
	order.PutUint32(mem[atOwner+4:], 1)
	return mem
}

// guestArgs gives each argument of a call a value that suits its role.
func guestArgs(e *sysent.Entry, addressLen, variant int) (args [6]uint64) {
	here := int64(unix.AT_FDCWD)
	for i, role := range e.Args {
		if role == sysent.Command {
			args[i] = []uint64{fSetOwnEx, fSetOwn, unix.FS_IOC_SETFLAGS, unix.FS_IOC_GETFLAGS}[variant%4]
			continue
		}
		args[i] = map[sysent.Role]uint64{
			sysent.DirFD: uint64(here), sysent.NewDirFD: uint64(here), sysent.Path: guestBase + atPath,
			sysent.NewPath: guestBase + atNewPath, sysent.LinkText: guestBase + atNewPath, sysent.OpenFlags: unix.O_WRONLY | unix.O_CREAT,
			sysent.AccessMode: unix.W_OK, sysent.FileMode: unix.S_IFREG | 0o644, sysent.Sockaddr: guestBase + atAddress,
			sysent.SockaddrLen: uint64(addressLen), sysent.Msghdr: guestBase + atMessage, sysent.MsgVec: guestBase + atMessage,
			sysent.MsgCount: 1, sysent.SocketcallArgs: guestBase + atWords, sysent.SockFamily: unix.AF_PACKET, sysent.PID: 1,
			sysent.SignalNumber: 9, sysent.CommandArg: guestBase + atOwner, sysent.XattrName: guestBase + atNewPath,
			sysent.XattrValue: guestBase + atPath, sysent.XattrSize: 8, sysent.TimesArg: guestBase + atWords,
		}[role]
	}
	return args
}

// guestTree is what the paths of the seeds lead to; "in" is allowed but for
// "in/secret", and "out" is not.
type guestTree struct {
	root    string
	outside map[string]string // what must stay as it is
}

func newGuestTree(t testing.TB) *guestTree {
	t.Helper()
	root, err := Canonical(t.TempDir(), CanonicalOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	tree := &guestTree{root: root, outside: map[string]string{}}
	t.Cleanup(func() { tree.remove(t, "in") })
	tree.plant(t, []string{"out", "out/dir"}, []string{"out/file"}, map[string]string{"out/back": "../in"})
	tree.plantInside(t)
	for _, path := range []string{"out", "out/dir", "out/file", "out/back", "in/secret"} {
		tree.outside[path] = tree.describe(t, path)
	}
	return tree
}

func (tree *guestTree) plant(t testing.TB, dirs, files []string, links map[string]string) {
	t.Helper()
	var err error
	for _, dir := range dirs {
		err = errors.Join(err, os.Mkdir(tree.root+"/"+dir, 0o755))
	}
	for _, file := range files {
		err = errors.Join(err, os.WriteFile(tree.root+"/"+file, nil, 0o644))
	}
	for link, text := range links {
		err = errors.Join(err, os.Symlink(text, tree.root+"/"+link))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// plantInside makes what is allowed, and "in/secret".
func (tree *guestTree) plantInside(t testing.TB) {
	t.Helper()
	tree.plant(t, []string{"in", "in/dir", "in/secret"}, []string{"in/file"},
		map[string]string{"in/away": "../out", "in/loop": "loop", "in/self": "/proc/self/cwd/out/file"})
}

// renew makes what is allowed anew, since a call has changed it.
func (tree *guestTree) renew(t testing.TB) {
	t.Helper()
	tree.remove(t, "in")
	tree.plantInside(t)
	tree.outside["in/secret"] = tree.describe(t, "in/secret")
}

func (tree *guestTree) remove(t testing.TB, name string) {
	t.Helper()
	for _, dir := range []string{name, name + "/dir", name + "/secret"} {
		_ = os.Chmod(tree.root+"/"+dir, 0o755)
	}
	if err := os.RemoveAll(tree.root + "/" + name); err != nil {
		t.Fatal(err)
	}
}

// describe tells everything that a change would leave a trace in.
func (tree *guestTree) describe(t testing.TB, path string) string {
	t.Helper()
	line, err := describe(tree.root + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// guestPaths are pairs of paths in the tree.
var guestPaths = [][2]string{
	{"in/new", "in/dir/new"}, {"out/new", "in/new"}, {"in/file", "out/file"}, {"in/away/file", "in/away/../in/x"},
	{"out/back/dir/", "out/back/secret/x"}, {"in/self", "/proc/self/fd/0"}, {"/proc/thread-self/cwd/out/x", "in/loop"}, {"", "/"},
	{"in/secret", "in"}, {"in/dir/../../out/dir/.", "in/away/dir/.."}, {"/dev/null", "in/\xff\n"},
}

var guestAddresses = []string{
	"\x02\x00\x00\x50\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", "\x02\x00\x00\x50\xc0\x00\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00",
	"\x0a\x00\x00\x50\x00\x00\x00\x00" + strings.Repeat("\x00", 15) + "\x01\x00\x00\x00\x00", "\x0a\x00", "\x01\x00out/file\x00y", "\x01\x00in/file",
	"\x01\x00\x00name\xff", "\x01\x00", "\x00\x00\x00\x50\x01\x02\x03\x04", "\x10\x00", "\x11\x00", "\x02",
}
