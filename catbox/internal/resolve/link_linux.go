package resolve

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// procRootIno is the inode number of the root of every procfs.
const procRootIno = 1

// noSymFollow is ST_NOSYMFOLLOW of statfs(2): no link of the mount is followed
// (mount(2), MS_NOSYMFOLLOW).
const noSymFollow = 0x2000

// follow goes where the link says that stands as name in cur and is open as link.
// It returns what is left of the path then.
func (w *walk) follow(link int, name, tail []byte) ([]byte, error) {
	if w.links++; w.links > maxLinks {
		return nil, answer(unix.ELOOP)
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(link, &fs); err != nil {
		return nil, fmt.Errorf("statfs link: %w", err)
	}
	if fs.Flags&noSymFollow != 0 {
		return nil, answer(unix.ELOOP)
	}
	if fs.Type == unix.PROC_SUPER_MAGIC {
		return w.followProc(link, name, tail)
	}
	return w.followText(link, tail)
}

// followText follows an ordinary link.
func (w *walk) followText(link int, tail []byte) ([]byte, error) {
	n, e := readlinkat(link, empty, w.r.text)
	if e != 0 {
		return nil, fault("read link", e)
	}
	return w.splice(w.r.text[:n], tail)
}

// splice puts the text of a link before what is left of the path.
func (w *walk) splice(text, tail []byte) ([]byte, error) {
	r := w.r
	next := append(r.next[:0], text...)
	if len(tail) > 0 {
		next = append(append(next, '/'), tail...)
	}
	r.rest, r.next = next, r.rest
	if len(text) == 0 {
		// An empty text leads nowhere (symlink(7)).
		return nil, answer(unix.ENOENT)
	}
	if text[0] != '/' {
		return next, nil
	}
	return next, w.toRoot()
}

// followProc follows a link of procfs: "self" and "thread-self" mean the tracee,
// links below a process are magic, all others are ordinary (proc(5)).
func (w *walk) followProc(link int, name, tail []byte) ([]byte, error) {
	var st unix.Stat_t
	if e := fstatat(w.cur, empty, &st, unix.AT_EMPTY_PATH); e != 0 {
		return nil, fault("stat directory", e)
	}
	if st.Ino == procRootIno {
		switch string(name) {
		case "self":
			return w.self(st.Dev, false, tail)
		case "thread-self":
			return w.self(st.Dev, true, tail)
		}
		return w.followText(link, tail)
	}
	if !w.isMagic(name) {
		return w.followText(link, tail)
	}
	// The kernel takes a magic link to its object, whatever its text says.
	fd, e := openat(w.cur, w.r.cstr(name), unix.O_PATH|unix.O_CLOEXEC)
	if e != 0 {
		return nil, fault("open magic link", e)
	}
	w.move(fd)
	return tail, nil
}

// isMagic reports whether the link name of the procfs directory cur is magic: the
// kernel tells by refusing (openat2(2), RESOLVE_NO_MAGICLINKS), else the place.
func (w *walk) isMagic(name []byte) bool {
	if w.r.openat2 && !w.r.exact {
		fd, e := openat2(w.cur, w.r.cstr(name), unix.O_PATH|unix.O_CLOEXEC, unix.RESOLVE_NO_MAGICLINKS)
		switch e {
		case 0:
			closefd(fd)
			return false
		case unix.ELOOP:
			return true
		}
	}
	return w.belowProcess()
}

// belowProcess reports whether the procfs directory cur belongs to a process:
// then every link in it is magic. A process has threads in "task".
func (w *walk) belowProcess() bool {
	at, owned := w.cur, false
	defer func() {
		if owned {
			closefd(at)
		}
	}()
	const depth = 5 // PID/task/TID/fd and the root
	var st unix.Stat_t
	for range depth {
		if fstatat(at, []byte("task\x00"), &st, unix.AT_SYMLINK_NOFOLLOW) == 0 {
			return true
		}
		up, e := openat(at, []byte("..\x00"), dirFlags)
		if e != 0 {
			return false
		}
		if owned {
			closefd(at)
		}
		at, owned = up, true
		if fstatat(at, empty, &st, unix.AT_EMPTY_PATH) != 0 || st.Ino == procRootIno {
			return false
		}
	}
	return false
}

// self follows "self" or "thread-self" of the procfs whose device is dev.
func (w *walk) self(dev uint64, thread bool, tail []byte) ([]byte, error) {
	tgid, tid, err := w.ids()
	if err != nil {
		return nil, err
	}
	if dev != w.r.procDev {
		if tgid, tid, err = w.foreignIDs(tgid, tid); err != nil {
			return nil, err
		}
	}
	text := strconv.AppendInt(nil, int64(tgid), 10)
	if thread {
		text = append(text, "/task/"...)
		text = strconv.AppendInt(text, int64(tid), 10)
	}
	return w.splice(text, tail)
}
