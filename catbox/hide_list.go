package catbox

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/pathrules"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// lister is the handler that takes hidden names out of what directories list: who has
// seen a name in a list looks it up, and would be told that it is gone. It belongs to
// the tracer's thread.
type lister struct {
	c      *confiner
	hidden *pathrules.Set

	buf  []byte
	path []byte
}

func (l *lister) handler() tracer.Handler {
	return tracer.Handler{Name: "hide", Rules: l.rules,
		Enter: func(*tracer.Stop) tracer.Verdict { return tracer.Continue().AtExit() }, Exit: l.exit}
}

func (l *lister) rules(e *sysent.Entry) []sysent.Rule {
	if e.Op != sysent.OpList {
		return nil
	}
	return []sysent.Rule{{Verb: sysent.Stop}}
}

// exit takes the hidden names out of what getdents(2) has written.
func (l *lister) exit(s *tracer.Stop) tracer.Verdict {
	entries, layout, addr := readEntries(s, &l.buf)
	if entries == nil {
		return tracer.Continue()
	}
	dir, errno := l.c.resolver.Opened(s.Tid, int32(s.Args[0]))
	if errno != 0 || len(dir) == 0 || dir[0] != '/' {
		return tracer.Continue()
	}
	l.path = append(l.path[:0], dir...)
	if len(dir) > 1 {
		l.path = append(l.path, '/')
	}
	left := layout.without(entries, l.hides)
	if len(left) == len(entries) || s.Write(addr, left) != 0 {
		return tracer.Continue()
	}
	return tracer.Answer(int64(len(left)))
}

// hides reports whether a name in the directory of path is hidden.
func (l *lister) hides(name []byte) bool {
	if string(name) == "." || string(name) == ".." {
		return false
	}
	return l.hidden.Match(string(l.path) + string(name)).Allowed
}

// without moves the entries together that are not hidden. Each leads on behind the
// hidden ones that follow it. If all are hidden the first one becomes another ".", which
// everybody passes over: no entries at all would be the end of the directory.
func (l dirents) without(entries []byte, hidden func(name []byte) bool) []byte {
	var last []byte // the last one that is left
	size := 0
	first, _ := l.next(entries)
	for entry, rest := l.next(entries); entry != nil; entry, rest = l.next(rest) {
		_, name := l.name(entry)
		switch {
		case !hidden(name):
			n := copy(entries[size:], entry)
			last = entries[size : size+n]
			size += n
		case last != nil:
			copy(l.offset(last), l.offset(entry))
		default:
			copy(l.offset(first), l.offset(entry))
		}
	}
	if last == nil && first != nil {
		size = len(first)
		at, name := l.name(first)
		clear(name)
		first[at] = '.'
		first[l.typ(size)] = unix.DT_DIR
	}
	return entries[:size]
}
