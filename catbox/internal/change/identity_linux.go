package change

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Identity is with which rights a thread reaches files: credentials(7) and
// capabilities(7).
type Identity struct {
	EUID, EGID   uint32 // what peers of sockets see
	FSUID, FSGID uint32
	Groups       []uint32 // sorted
	Effective    uint64   // capabilities
	Umask        uint32
}

// fileCapabilities are the capabilities that decide about changes of files:
// CAP_CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, LINUX_IMMUTABLE,
// SYS_ADMIN (attributes of the class trusted), SYS_RESOURCE (quotas), MKNOD, SETFCAP.
const fileCapabilities = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH |
	1<<unix.CAP_FOWNER | 1<<unix.CAP_FSETID | 1<<unix.CAP_LINUX_IMMUTABLE | 1<<unix.CAP_SYS_ADMIN |
	1<<unix.CAP_SYS_RESOURCE | 1<<unix.CAP_MKNOD | 1<<unix.CAP_SETFCAP

// errStatus is the error of a /proc/TID/status that is not as expected.
var errStatus = errors.New("not the status of a thread")

// ParseStatus reads an identity from the text of /proc/TID/status
// (proc_pid_status(5)).
func ParseStatus(text []byte) (*Identity, error) {
	id := &Identity{}
	seen := 0
	for line := range bytes.Lines(text) {
		name, value, _ := bytes.Cut(line, []byte{':'})
		fields := bytes.Fields(value)
		var err error
		switch string(name) {
		case "Umask":
			id.Umask, err = field(fields, 0, 8)
		case "Uid":
			id.EUID, id.FSUID, err = pair(fields)
		case "Gid":
			id.EGID, id.FSGID, err = pair(fields)
		case "Groups":
			for i := range fields {
				var group uint32
				if group, err = field(fields, i, 10); err != nil {
					break
				}
				id.Groups = append(id.Groups, group)
			}
			slices.Sort(id.Groups)
		case "CapEff":
			if len(fields) != 1 {
				return nil, errStatus
			}
			id.Effective, err = strconv.ParseUint(string(fields[0]), 16, 64)
		default:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		seen++
	}
	const wanted = 5
	if seen != wanted {
		return nil, errStatus
	}
	return id, nil
}

// pair returns the effective id and that of the file system.
func pair(fields [][]byte) (effective, file uint32, err error) {
	if effective, err = field(fields, 1, 10); err == nil {
		file, err = field(fields, 3, 10)
	}
	return effective, file, err
}

func field(fields [][]byte, i, base int) (uint32, error) {
	if i >= len(fields) {
		return 0, errStatus
	}
	n, err := strconv.ParseUint(string(fields[i]), base, 32)
	return uint32(n), err
}

// Privileged reports whether a process with this identity can have children with
// another one.
func (id *Identity) Privileged() bool { return id.FSUID == 0 || id.Effective != 0 }

// Same reports whether two identities have the same rights to files.
func (id *Identity) Same(other *Identity) bool {
	return id.EUID == other.EUID && id.EGID == other.EGID && id.FSUID == other.FSUID && id.FSGID == other.FSGID && slices.Equal(id.Groups, other.Groups) &&
		id.Effective&fileCapabilities == other.Effective&fileCapabilities
}

// As calls f with the rights to files that other has, on the calling thread, and
// takes own back afterwards. It is for a thread that is locked to its goroutine,
// with CAP_SETUID, CAP_SETGID and the capabilities that other has.
//
// An error says that f was not called, or that own could not be taken back; the
// thread must do nothing more for anybody then.
func As(own, other *Identity, f func()) error {
	caps, err := capabilities()
	if err != nil {
		return err
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		return fmt.Errorf("read the dumpable flag: %w", err)
	}
	if err := become(other, caps.with(other.Effective)); err != nil {
		return errors.Join(err, restore(own, caps, dumpable))
	}
	f()
	return restore(own, caps, dumpable)
}

// become takes the identity id; the effective capabilities last, because changes
// of the user id change them.
func become(id *Identity, caps capSet) error {
	if e := setgroups(id.Groups); e != 0 {
		return fmt.Errorf("setgroups: %w", e)
	}
	if e := setegid(id.EGID); e != 0 {
		return fmt.Errorf("setresgid: %w", e)
	}
	setfsgid(id.FSGID)
	if e := seteuid(id.EUID); e != 0 {
		return fmt.Errorf("setresuid: %w", e)
	}
	setfsuid(id.FSUID)
	return caps.store()
}

// restore takes own back. A change of the file system's user id makes the process
// one that cannot be dumped or traced (prctl(2), PR_SET_DUMPABLE).
func restore(own *Identity, caps capSet, dumpable int) error {
	err := caps.store() // CAP_SETGID and CAP_SETUID
	if err == nil {
		err = become(own, caps)
	}
	if err == nil && dumpable == 1 {
		err = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	}
	if err != nil {
		return fmt.Errorf("take the own identity back: %w", err)
	}
	return nil
}

// capSet is what capget(2) returns for the calling thread.
type capSet [2]unix.CapUserData

func capabilities() (capSet, error) { return capabilitiesOf(0) }

func capabilitiesOf(tid int) (capSet, error) {
	var c capSet
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3, Pid: int32(tid)}
	if err := unix.Capget(&header, &c[0]); err != nil {
		return c, fmt.Errorf("capget: %w", err)
	}
	return c, nil
}

// Effective returns the effective capabilities of a thread, as in Identity.
func Effective(tid int) (uint64, error) {
	c, err := capabilitiesOf(tid)
	return uint64(c[0].Effective) | uint64(c[1].Effective)<<32, err
}

// with returns c with other effective capabilities, as far as c permits them.
func (c capSet) with(effective uint64) capSet {
	c[0].Effective = uint32(effective) & c[0].Permitted
	c[1].Effective = uint32(effective>>32) & c[1].Permitted
	return c
}

func (c capSet) store() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capset(&header, &c[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	return nil
}
