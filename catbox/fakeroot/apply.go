package fakeroot

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// ApplyOptions says how records are applied. The zero value is good where the caller is
// who made the tree; root applies the records of another with UnknownRoot.
type ApplyOptions struct {
	WalkOptions
}

// Apply makes a tree what the records say, for a caller who may: root, or who has
// CAP_CHOWN, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP, CAP_SYS_ADMIN (for trusted.*)
// and CAP_DAC_OVERRIDE. It leaves alone what already is so, and content and modification
// times as they are.
//
// Until all is done root itself is open to the caller only, and after an error it stays
// so. No object has set-id bits or capabilities while it has another owner than it is to
// have: they come last, behind a mode that lets nobody in. Everything is done on
// descriptors, no link is followed but root itself. Placeholders of devices are replaced,
// all links of one by links of one.
//
// The records make set-id programs and device nodes: apply only what you trust, and where
// nobody else has files open. It can be done again after an error: device nodes without a
// record stay as they are. Afterwards the tree needs no records.
func (db *DB) Apply(root string, opts ApplyOptions) error {
	a := &applier{walker: db.walker(root, opts.WalkOptions), nodes: make(map[Key]int)}
	defer func() {
		for _, fd := range a.nodes {
			unix.Close(fd)
		}
	}()
	a.enter, a.leave = a.object, a.directory
	if !mayChown() {
		return wrap("apply records", a.fail("chown", ".", unix.EPERM))
	}
	return wrap("apply records", a.walk())
}

// mayChown reports whether the caller has CAP_CHOWN. Who has not would close the tree, and
// do nothing else.
func mayChown() bool {
	var data [2]unix.CapUserData
	err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &data[0])
	return err == nil && data[0].Effective&(1<<unix.CAP_CHOWN) != 0
}

type applier struct {
	*walker
	nodes map[Key]int // descriptors of what stands in the place of placeholders with several links
}

// object is called for everything, before what is in it.
func (a *applier) object(e *Entry, parent int) error {
	switch {
	case parent < 0:
		return a.keepOut(e)
	case isDir(&e.real):
		return nil // after what is in it
	case e.Mode&unix.S_IFMT != uint32(e.real.Mode)&unix.S_IFMT:
		return a.replace(e, parent)
	case e.Hardlink != "":
		return nil
	case e.Record == nil && IsDevice(e.Mode):
		return nil // made by an Apply that did not come to its end
	}
	return a.change(e, e.fd)
}

// keepOut closes the root of the tree to others.
func (a *applier) keepOut(e *Entry) error {
	if err := unix.Fchownat(e.fd, "", os.Geteuid(), os.Getegid(), unix.AT_EMPTY_PATH); err != nil {
		return a.fail("chown", e.Path, err)
	}
	if err := unix.Chmod(procName(e.fd), ownerBits); err != nil {
		return a.fail("chmod", e.Path, err)
	}
	return nil
}

// directory is called after what is in it. A replacement has changed its time.
func (a *applier) directory(e *Entry, dir int) error {
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil {
		return a.fail("stat", e.Path, err)
	}
	if !time.Unix(st.Mtim.Unix()).Equal(e.ModTime) {
		if err := a.keepTime(e, dir); err != nil {
			return err
		}
	}
	return a.change(e, dir)
}

// keepTime gives fd the modification time that the entry had.
func (a *applier) keepTime(e *Entry, fd int) error {
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: e.real.Mtime.Sec, Nsec: int64(e.real.Mtime.Nsec)}}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, procName(fd), times, 0); err != nil {
		return a.fail("set times", e.Path, err)
	}
	return nil
}

const (
	permBits  = 0o7777
	ownerBits = 0o700
	setIDBits = unix.S_ISUID | unix.S_ISGID
)

// change gives fd what the entry is to have. The kernel takes set-id bits and capabilities
// away when the owner changes, so these come behind it.
func (a *applier) change(e *Entry, fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return a.fail("stat", e.Path, err)
	}
	link := e.is(unix.S_IFLNK)
	wanted, chowns, xattrs := e.Mode&permBits, e.UID != st.Uid || e.GID != st.Gid, e.lost()
	if !chowns && len(xattrs) == 0 && (link || wanted == st.Mode&permBits) {
		return nil
	}
	powerful := (wanted|st.Mode)&setIDBits != 0 || e.Xattrs[capability] != nil
	if powerful && !link && !e.IsDir() {
		if err := unix.Chmod(procName(fd), st.Mode&wanted&ownerBits); err != nil {
			return a.fail("chmod", e.Path, err)
		}
	}
	if chowns {
		if err := unix.Fchownat(fd, "", int(e.UID), int(e.GID), unix.AT_EMPTY_PATH); err != nil {
			return a.fail("chown", e.Path, err)
		}
	}
	for _, name := range xattrs {
		if err := unix.Setxattr(procName(fd), name, e.Xattrs[name], 0); err != nil {
			return a.fail("set attribute "+name, e.Path, err)
		}
	}
	if link {
		return nil
	}
	if err := unix.Chmod(procName(fd), wanted); err != nil {
		return a.fail("chmod", e.Path, err)
	}
	return nil
}

// lost lists the attributes that are not there yet, or not after a change of the owner.
func (e *Entry) lost() []string {
	var names []string
	for name := range e.Xattrs {
		if _, faked := e.Record.xattrs()[name]; faked || name == capability {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// replace puts what the entry is to be in the place of a placeholder: it is made beside
// it, with a mode that lets nobody in until it has its owner.
func (a *applier) replace(e *Entry, parent int) error {
	node, isMade := a.nodes[keyOf(&e.real)]
	name, err := a.create(e, func(name string) error {
		if isMade {
			return unix.Linkat(unix.AT_FDCWD, procName(node), parent, name, unix.AT_SYMLINK_FOLLOW)
		}
		return unix.Mknodat(parent, name, e.Mode&unix.S_IFMT, int(e.Rdev))
	})
	if err != nil {
		return err
	}
	if !isMade {
		err = a.finish(e, parent, name)
	}
	if err == nil {
		if err = unix.Renameat(parent, name, parent, path.Base(e.Path)); err == nil {
			return nil
		}
		err = a.fail("rename", e.Path, err)
	}
	if undo := unix.Unlinkat(parent, name, 0); undo != nil {
		err = errors.Join(err, a.fail("remove", path.Join(path.Dir(e.Path), name), undo))
	}
	return err
}

// create calls try with a name that is free.
func (a *applier) create(e *Entry, try func(name string) error) (name string, err error) {
	for i := range 100 {
		name = fmt.Sprintf(".catbox-%d-%d", os.Getpid(), i)
		if err = try(name); !errors.Is(err, unix.EEXIST) {
			break
		}
	}
	if err != nil {
		return "", a.fail("create", e.Path, err)
	}
	return name, nil
}

// finish gives a new object what the entry is to have.
func (a *applier) finish(e *Entry, parent int, name string) error {
	fd, err := unix.Openat(parent, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return a.fail("open", e.Path, err)
	}
	if e.real.Nlink > 1 {
		a.nodes[keyOf(&e.real)] = fd
	} else {
		defer unix.Close(fd)
	}
	if err := a.keepTime(e, fd); err != nil {
		return err
	}
	return a.change(e, fd)
}
