package attr

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/cred"
)

// list makes a value from tag, permissions and id of each entry.
func list(entries ...[3]uint32) []byte {
	value := binary.LittleEndian.AppendUint32(nil, aclVersion)
	for _, e := range entries {
		value = binary.LittleEndian.AppendUint16(value, uint16(e[0]))
		value = binary.LittleEndian.AppendUint16(value, uint16(e[1]))
		value = binary.LittleEndian.AppendUint32(value, e[2])
	}
	return value
}

const none = ^uint32(0)

func TestACL(t *testing.T) {
	owner, group, other := [3]uint32{aclUserObj, 6, none}, [3]uint32{aclGroupObj, 4, none}, [3]uint32{aclOther, 0, none}
	user, mask := [3]uint32{aclUser, 7, 1000}, [3]uint32{aclMask, 5, none}
	tests := []struct {
		name       string
		value      []byte
		empty      bool
		errno      unix.Errno
		mode       uint32
		equivalent bool
	}{
		{name: "nothing", empty: true},
		{name: "no entries", value: list(), empty: true},
		{name: "the mode", value: list(owner, group, other), mode: 0o640, equivalent: true},
		{name: "a named user", value: list(owner, user, group, mask, other), mode: 0o650},
		{name: "a mask alone", value: list(owner, group, mask, other), mode: 0o650},
		{name: "short", value: []byte{2, 0}, errno: unix.EINVAL},
		{name: "half an entry", value: list(owner, group, other)[:24], errno: unix.EINVAL},
		{name: "another version", value: []byte{1, 0, 0, 0}, errno: unix.EOPNOTSUPP},
		{name: "no mask", value: list(owner, user, group, other), errno: unix.EINVAL},
		{name: "no owner", value: list(group, other), errno: unix.EINVAL},
		{name: "no others", value: list(owner, group), errno: unix.EINVAL},
		{name: "disorder", value: list(owner, group, user, mask, other), errno: unix.EINVAL},
		{name: "two owners", value: list(owner, owner, group, other), errno: unix.EINVAL},
		{name: "permissions that are none", value: list([3]uint32{aclUserObj, 8, none}, group, other), errno: unix.EINVAL},
		{name: "nobody's entry", value: list(owner, [3]uint32{aclUser, 7, none}, group, mask, other), errno: unix.EINVAL},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			empty, errno := check(test.value)
			if empty != test.empty || errno != test.errno {
				t.Fatalf("the check says %v, %v, want %v, %v", empty, errno, test.empty, test.errno)
			}
			if empty || errno != 0 {
				return
			}
			mode, equivalent := ModeOfACL(test.value, 0o7777)
			if mode != 0o7000|test.mode || equivalent != test.equivalent {
				t.Errorf("ModeOfACL = %o, %v, want %o, %v", mode, equivalent, 0o7000|test.mode, test.equivalent)
			}
			back, _ := ModeOfACL(ChmodACL(test.value, 0o751), 0)
			if back != 0o751 {
				t.Errorf("after chmod: %o, want 751", back)
			}
		})
	}
}

// check is all that setxattr(2) checks about a list.
func check(value []byte) (empty bool, errno unix.Errno) {
	if empty, errno = ParseACL(value); !empty && errno == 0 && !ValidACL(value) {
		errno = unix.EINVAL
	}
	return empty, errno
}

// FuzzACL checks that no value that passes the check makes the functions fail, and
// that a mode that is set is read back.
func FuzzACL(f *testing.F) {
	f.Add(list([3]uint32{aclUserObj, 6, none}, [3]uint32{aclUser, 7, 1000}, [3]uint32{aclGroupObj, 4, none}, [3]uint32{aclMask, 5, none},
		[3]uint32{aclOther, 0, none}), uint32(0o751))
	f.Fuzz(func(t *testing.T, value []byte, mode uint32) {
		before := bytes.Clone(value)
		if empty, errno := check(value); empty || errno != 0 {
			return
		}
		changed := ChmodACL(value, mode)
		if !bytes.Equal(before, value) {
			t.Fatal("the value has been changed in place")
		}
		if got, _ := ModeOfACL(changed, 0); got != mode&0o777 {
			t.Errorf("%x: mode %o, want %o", value, got, mode&0o777)
		}
		inherited, mode, _ := InheritACL(value, mode)
		if got, _ := ModeOfACL(inherited, 0); got != mode&0o777 {
			t.Errorf("%x: inherited mode %o, want %o", value, got, mode&0o777)
		}
		if _, errno := check(changed); errno != 0 {
			t.Errorf("%x is not valid any more: %v", changed, errno)
		}
	})
}

func TestChange(t *testing.T) {
	root := cred.Root(40)
	user, _ := root.SetResUID(1000, 1000, 1000)
	member, _ := root.SetGroups([]uint32{7}).SetResUID(1000, 1000, 1000)
	file := Attr{Mode: unix.S_IFREG | 0o6755, UID: 1000, GID: 7}
	tests := []struct {
		name  string
		do    func() (Attr, unix.Errno)
		want  Attr
		errno unix.Errno
	}{
		{"root gives away", chown(file, root, 5, 6), Attr{Mode: unix.S_IFREG | 0o755, UID: 5, GID: 6}, 0},
		{"root gives a directory away", chown(Attr{Mode: unix.S_IFDIR | 0o6755}, root, 5, 6), Attr{Mode: unix.S_IFDIR | 0o6755, UID: 5, GID: 6}, 0},
		{"S_ISGID without execution is a lock", chown(Attr{Mode: unix.S_IFREG | 0o2644}, root, 5, -1), Attr{Mode: unix.S_IFREG | 0o2644, UID: 5}, 0},
		{"nothing to change takes the bits", chown(file, root, -1, -1), Attr{Mode: unix.S_IFREG | 0o755, UID: 1000, GID: 7}, 0},
		{"a user cannot", chown(file, user, 5, -1), file, unix.EPERM},
		{"a user may keep it", chown(file, user, 1000, 7), Attr{Mode: unix.S_IFREG | 0o755, UID: 1000, GID: 7}, 0},
		{"a group of his", chown(Attr{Mode: unix.S_IFREG | 0o644, UID: 1000}, member, -1, 7), Attr{Mode: unix.S_IFREG | 0o644, UID: 1000, GID: 7}, 0},
		{"another group", chown(file, user, -1, 8), file, unix.EPERM},
		{"chmod by root", chmod(file, root, 0o7777), Attr{Mode: unix.S_IFREG | 0o7777, UID: 1000, GID: 7}, 0},
		{"chmod by the owner outside of the group", chmod(file, user, 0o2755), Attr{Mode: unix.S_IFREG | 0o755, UID: 1000, GID: 7}, 0},
		{"chmod by a member", chmod(file, member, 0o2755), Attr{Mode: unix.S_IFREG | 0o2755, UID: 1000, GID: 7}, 0},
		{"chmod by another", chmod(Attr{Mode: unix.S_IFREG}, user, 0o755), Attr{Mode: unix.S_IFREG}, unix.EPERM},
		{"nobody else may even take the bits", chown(Attr{Mode: unix.S_IFREG | 0o4755}, user, -1, -1), Attr{}, unix.EPERM},
		{"nothing at all may be changed", chown(Attr{Mode: unix.S_IFREG | 0o755}, user, -1, -1), Attr{Mode: unix.S_IFREG | 0o755}, 0},
		{"written by root", written(file, root), file, 0},
		{"written by a user", written(file, user), Attr{Mode: unix.S_IFREG | 0o755, UID: 1000, GID: 7}, 0},
		{"written by a member", written(Attr{Mode: unix.S_IFREG | 0o2644, GID: 7}, member), Attr{Mode: unix.S_IFREG | 0o2644, GID: 7}, 0},
		{"written by a stranger", written(Attr{Mode: unix.S_IFREG | 0o2644, GID: 8}, member), Attr{Mode: unix.S_IFREG | 0o644, GID: 8}, 0},
		{"chmod of a link", chmod(Attr{Mode: unix.S_IFLNK | 0o777}, root, 0), Attr{Mode: unix.S_IFLNK | 0o777}, unix.EOPNOTSUPP},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, errno := test.do()
			if errno != test.errno || errno == 0 && got != test.want {
				t.Errorf("got %+o, %v, want %+o, %v", got, errno, test.want, test.errno)
			}
		})
	}
}

func chown(a Attr, c *cred.Cred, uid, gid int) func() (Attr, unix.Errno) {
	return func() (Attr, unix.Errno) {
		n, _, errno := a.Chown(c, uid, gid)
		return n, errno
	}
}

func chmod(a Attr, c *cred.Cred, mode uint32) func() (Attr, unix.Errno) {
	return func() (Attr, unix.Errno) { return a.Chmod(c, mode) }
}

func written(a Attr, c *cred.Cred) func() (Attr, unix.Errno) {
	return func() (Attr, unix.Errno) { return a.Written(c), 0 }
}

func TestInheritACL(t *testing.T) {
	owner, group, other := [3]uint32{aclUserObj, 7, none}, [3]uint32{aclGroupObj, 5, none}, [3]uint32{aclOther, 5, none}
	user, mask := [3]uint32{aclUser, 7, 1000}, [3]uint32{aclMask, 7, none}
	tests := []struct {
		name       string
		value      []byte
		mode       uint32
		want       []byte
		got        uint32
		equivalent bool
	}{
		{"a mode", list(owner, group, other), 0o4666, list([3]uint32{aclUserObj, 6, none}, [3]uint32{aclGroupObj, 4, none}, [3]uint32{aclOther, 4, none}), 0o4644, true},
		{"the mask stands for the group", list(owner, user, group, mask, other), 0o640,
			list([3]uint32{aclUserObj, 6, none}, user, group, [3]uint32{aclMask, 4, none}, [3]uint32{aclOther, 0, none}), 0o640, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			value, mode, equivalent := InheritACL(test.value, test.mode)
			if !bytes.Equal(value, test.want) || mode != test.got || equivalent != test.equivalent {
				t.Errorf("got %x, %o, %v, want %x, %o, %v", value, mode, equivalent, test.want, test.got, test.equivalent)
			}
		})
	}
}

func TestReal(t *testing.T) {
	for mode, want := range map[uint32]uint32{unix.S_IFREG: 0o600, unix.S_IFREG | 0o4055: 0o755, unix.S_IFDIR | 0o7000: 0o700, unix.S_IFREG | 0o444: 0o644, unix.S_IFIFO | 0o022: 0o622} {
		if got := Real(mode); got != want {
			t.Errorf("Real(%o) = %o, want %o", mode, got, want)
		}
		if got := Lacking(mode); got != (mode&want&0o700 != want&0o700) {
			t.Errorf("Lacking(%o) = %v", mode, got)
		}
	}
}
