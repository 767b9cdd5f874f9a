package catbox

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// rules stops what the level is about.
func (r *recorder) rules(e *sysent.Entry) []sysent.Rule {
	stop := []sysent.Rule{{Verb: sysent.Stop}}
	switch e.Class {
	case sysent.Exec:
		return stop
	case sysent.Open:
		flags := e.Arg(sysent.OpenFlags)
		switch {
		case r.level == record.LevelExec || e.Arg(sysent.OpenHow) >= 0:
			return nil
		case flags < 0:
			return stop
		}
		// Of the kind O_PATH they open nothing.
		path := sysent.Rule{When: []sysent.Cond{{Arg: flags, Mask: unix.O_PATH, Not: true}}}
		if r.level == record.LevelAll {
			path.Verb = sysent.Notify
		}
		reads := sysent.Rule{When: []sysent.Cond{{Arg: flags, Mask: (1<<32 - 1) &^ plainRead}}, Verb: sysent.Notify}
		return append([]sysent.Rule{path, reads}, stop...)
	case sysent.PathWrite, sysent.Owner, sysent.Xattr:
		if r.level != record.LevelExec && e.Arg(sysent.Path) >= 0 {
			return stop
		}
	case sysent.Stat, sysent.Access, sysent.PathRead, sysent.XattrRead:
		if r.level == record.LevelAll && e.Arg(sysent.Path) >= 0 && e.Op != sysent.OpList {
			return append(fstat(e), sysent.Rule{Verb: sysent.Notify})
		}
	case sysent.Cwd:
		if r.level != record.LevelExec && e.NumArgs() > 0 {
			return []sysent.Rule{{Verb: sysent.Notify}}
		}
	case sysent.Net:
		if e.Op == sysent.OpConnect || e.Op == sysent.OpBind {
			return stop
		}
	}
	return nil
}

// fstat lets a call pass that asks about a descriptor, as fstat(2) of most libraries does:
// with a path that is empty, which a filter cannot see, and no other flag than that.
func fstat(e *sysent.Entry) []sysent.Rule {
	dir, flags := e.Arg(sysent.DirFD), e.Arg(sysent.AtFlags)
	if e.Class != sysent.Stat || dir < 0 || flags < 0 || e.AtMask&unix.AT_EMPTY_PATH == 0 {
		return nil
	}
	const negative = 1 << 31 // AT_FDCWD
	return []sysent.Rule{{When: []sysent.Cond{
		{Arg: dir, Mask: negative},
		{Arg: flags, Mask: (1<<32 - 1) &^ (unix.AT_STATX_FORCE_SYNC | unix.AT_STATX_DONT_SYNC), Value: unix.AT_EMPTY_PATH},
	}}}
}

// plainRead are the flags that an open for reading may have of which it can be told
// whether it will succeed.
const plainRead = unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_DIRECTORY | unix.O_NONBLOCK | unix.O_NOCTTY | largeFile

// largeFile is O_LARGEFILE, which package unix says is 0 where it means nothing. All
// ABIs of amd64 have the same.
const largeFile = 0x8000
