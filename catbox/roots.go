package catbox

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// Where the kernel guards the rules, the right to write below a directory of a
// rule hangs on that very directory. Build scripts like to remove their directory
// and to make it again, which would leave them without the right. So such a
// directory, once it is empty, is not removed but counts as removed, until it is
// made again or the run ends.

// rootEntry answers a call that removes or makes a directory of a rule. done is
// false for every other call.
func (c *confiner) rootEntry(k *call, p *place) (v tracer.Verdict, done bool) {
	removes := k.entry.Op == sysent.OpRmdir || k.entry.Op == sysent.OpUnlink && k.flags&unix.AT_REMOVEDIR != 0
	if !removes && k.entry.Op != sysent.OpMkdir || !isDir(&p.res) || !c.backstop.holds(string(p.res.Path)) {
		return v, false
	}
	path := string(p.res.Path)
	if !removes {
		if !c.removed[path] {
			return v, false
		}
		return c.makeRoot(k, path), true
	}
	if c.removed[path] {
		return tracer.Deny(unix.ENOENT), true
	}
	errno, _ := order(k, &p.res, nil, nil)
	if errno == 0 {
		errno = mayChange(filepath.Dir(path))
	}
	if errno != 0 {
		return tracer.Deny(errno), true
	}
	c.removed[path] = true
	if c.fake != nil {
		c.fake.drop(k.stop, fakeroot.Key{Dev: p.res.Dev, Ino: p.res.Ino})
	}
	return tracer.Answer(0), true
}

// makeRoot gives a directory that counts as removed back, as mkdir(2) makes one.
func (c *confiner) makeRoot(k *call, path string) tracer.Verdict {
	mask, err := umask(k.stop.Tid)
	if err == nil {
		err = os.Chmod(path, os.FileMode(k.mode&0o777&^mask))
	}
	if err != nil {
		return tracer.Deny(unix.EACCES)
	}
	delete(c.removed, path)
	return tracer.Answer(0)
}

// mayChange is the errno of a change in a directory that the caller may not write.
func mayChange(dir string) unix.Errno {
	switch err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err {
	case nil:
		return 0
	case unix.EROFS:
		return unix.EROFS
	}
	return unix.EACCES
}

// removeRoots removes, when the run has ended, what counts as removed.
func (c *confiner) removeRoots() {
	for path := range c.removed {
		_ = unix.Rmdir(path) // ENOTEMPTY: a descriptor from before was used to fill it
	}
}
