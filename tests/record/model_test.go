package record

import (
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/catbox-go/catbox/catbox/record"
)

// passed is what happens to a symbolic link on the way to something else. It stands
// beside the operations of a record.
const passed = "passed"

// deeds is what a build did with each path: names of operations.
type deeds map[string]map[string]bool

func (d deeds) add(path, what string) {
	if d[path] == nil {
		d[path] = map[string]bool{}
	}
	d[path][what] = true
}

// model makes deeds of the calls that strace saw. It knows nothing of how catbox
// does that, but for the meaning of the operations in docs/record.md.
type model struct {
	level record.Level
	from  *reading
	dirs  map[int]*string   // working directories
	there map[string]bool   // below the directory of the build
	made  map[string]string // symbolic links of the build, and where they lead
	top   string
	deeds deeds
	odd   []string // what contradicts itself
}

// newModel begins with the tree that is in the directory of the build, and with the
// directory that the command starts in.
func newModel(level record.Level, from *reading, top, dir string, there []string) *model {
	m := &model{level: level, from: from, dirs: map[int]*string{}, there: map[string]bool{}, made: map[string]string{}, top: top, deeds: deeds{}}
	for _, name := range there {
		m.there[name] = true
	}
	if len(from.lines) > 0 {
		m.dirs[from.lines[0].pid] = &dir
	}
	return m
}

// run reads all calls.
func (m *model) run() deeds {
	for i := range m.from.lines {
		m.call(&m.from.lines[i])
	}
	return m.deeds
}

// dir returns the working directory of a process, which it has from its parent.
func (m *model) dir(pid int) *string {
	if d := m.dirs[pid]; d != nil {
		return d
	}
	parent, ok := m.from.parents[pid]
	if !ok {
		m.odd = append(m.odd, "a process without a parent: "+strconv.Itoa(pid))
		return new(string)
	}
	d := m.dir(parent)
	if !m.from.share[pid] {
		own := *d
		d = &own
	}
	m.dirs[pid] = d
	return d
}

// call adds what one call did.
func (m *model) call(l *line) {
	dir := m.dir(l.pid) // also of one that only ends
	if births(l.name) {
		if kid, err := strconv.Atoi(l.value); err == nil && kid > 0 {
			m.dir(kid) // before the parent goes elsewhere
		}
		return
	}
	switch l.errno {
	case "EFAULT", "EBADF", "EINVAL", "ENOSYS", "EINTR", "ERESTARTSYS":
		return
	}
	if !l.done {
		return
	}
	s, ok := shapes()[l.name]
	if !ok {
		return
	}
	if s.op == "looked-at" && s.path < len(l.args) {
		if raw, ok := text(l.args[s.path]); ok && raw == "" {
			return // about a descriptor, which was opened before
		}
	}
	raw, given := m.path(l, s.path, s.at)
	if !given {
		return
	}
	switch {
	case l.name == "chdir":
		if l.errno == "" {
			*dir = m.canonical(raw, true)
		}
	case l.name == "fchdir":
		if l.errno == "" {
			*dir = raw
		}
	case s.second != 0:
		m.twoNames(l, s, raw)
	default:
		m.oneName(l, s, raw)
	}
}

// path returns a path of a call, absolute as it was written.
func (m *model) path(l *line, at, base int) (string, bool) {
	if at >= len(l.args) {
		return "", false
	}
	if l.name == "fchdir" {
		return named(l.args[at])
	}
	raw, ok := text(l.args[at])
	if ok && raw == "" && base >= 0 && has(l.args[len(l.args)-1], "AT_EMPTY_PATH") && !strings.Contains(l.args[base], "(deleted)") {
		name, ok := named(l.args[base])
		return name, ok && strings.HasPrefix(name, "/")
	}
	if !ok || raw == "" {
		return "", false
	}
	if strings.HasPrefix(raw, "/") {
		return raw, true
	}
	dir := *m.dir(l.pid)
	if base >= 0 {
		name, ok := named(l.args[base])
		if !ok {
			return "", false
		}
		if strings.HasPrefix(l.args[base], "AT_FDCWD") && name != dir {
			m.odd = append(m.odd, l.name+" "+raw+" in "+name+", which should be "+dir)
		}
		dir = name
	}
	return dir + "/" + raw, true
}

// oneName adds a call on one path.
func (m *model) oneName(l *line, s shape, raw string) {
	op, flags := s.op, ""
	if s.flags > 0 && s.flags < len(l.args) {
		flags = l.args[s.flags]
	}
	if s.open {
		if l.name == "creat" {
			flags = "O_WRONLY|O_CREAT|O_TRUNC"
		}
		op = openOp(flags)
	}
	if op == "looked-at" && m.level != record.LevelAll {
		return
	}
	follow := s.follow && !has(flags, "O_NOFOLLOW") && !has(flags, "AT_SYMLINK_NOFOLLOW") &&
		!(has(flags, "O_CREAT") && has(flags, "O_EXCL"))
	if l.errno != "" {
		m.failed(raw, follow, op, l.errno)
		return
	}
	name := m.canonical(raw, follow)
	if s.open {
		var ok bool
		if name, ok = named(l.value); !ok || !strings.HasPrefix(name, "/") || has(flags, "O_TMPFILE") {
			return
		}
		m.opened(name, op, flags)
	}
	m.links(raw, follow)
	m.deeds.add(name, op)
	switch op {
	case "created":
		m.there[name] = true
		if target, ok := text(l.args[0]); ok && strings.HasPrefix(l.name, "symlink") {
			m.made[name] = target
		}
	case "deleted":
		delete(m.there, name)
		delete(m.made, name)
	}
	if strings.HasPrefix(l.name, "readlink") {
		m.deeds.add(name, "read")
	}
}

// opened adds what an open does besides reading or writing.
func (m *model) opened(name, op, flags string) {
	if has(flags, "O_CREAT") && !m.there[name] && strings.HasPrefix(name, m.top+"/") {
		m.deeds.add(name, "created")
		m.there[name] = true
		return
	}
	if op == "written" && has(flags, "O_RDWR") && !has(flags, "O_TRUNC") {
		m.deeds.add(name, "read")
	}
}

func openOp(flags string) string {
	switch {
	case has(flags, "O_PATH"):
		return "looked-at"
	case has(flags, "O_WRONLY"), has(flags, "O_RDWR"), has(flags, "O_TRUNC"):
		return "written"
	case has(flags, "O_DIRECTORY"):
		return "listed"
	}
	return "read"
}

// has reports whether a flag is among others: "A|B|C".
func has(flags, flag string) bool { return slices.Contains(strings.Split(flags, "|"), flag) }

// failed adds an attempt that failed.
func (m *model) failed(raw string, follow bool, op, errno string) {
	m.links(raw, follow)
	name := m.canonical(raw, follow)
	switch errno {
	case "ENOENT", "ENOTDIR":
		m.deeds.add(name, "missing")
		if op == "executed" {
			m.deeds.add(name, "sought")
		}
	case "EEXIST":
		m.deeds.add(name, "looked-at")
	default:
		m.deeds.add(name, "failed")
	}
}

// twoNames adds a rename or a link.
func (m *model) twoNames(l *line, s shape, raw string) {
	from := m.canonical(raw, false)
	other, ok := m.path(l, s.second, s.secondAt)
	if !ok {
		return
	}
	to := m.canonical(other, false)
	switch {
	case l.errno != "":
		m.failed(raw, false, "", l.errno)
	case strings.HasPrefix(l.name, "link"):
		m.deeds.add(from, "read")
		m.deeds.add(to, "created")
		m.deeds.add(to, "written")
		m.there[to] = true
	default:
		m.deeds.add(from, "renamed-from")
		m.deeds.add(to, "renamed-to")
		m.move(from, to)
	}
}

// move renames what is there, with all below it.
func (m *model) move(from, to string) {
	for name := range m.there {
		if name == from || strings.HasPrefix(name, from+"/") {
			delete(m.there, name)
			m.there[to+name[len(from):]] = true
			if target, ok := m.made[name]; ok {
				delete(m.made, name)
				m.made[to+name[len(from):]] = target
			}
		}
	}
}

// readlink returns the text of a link: of one that the build made, or of one that is
// there when it is over.
func (m *model) readlink(name string) (string, bool) {
	if text, ok := m.made[name]; ok {
		return text, true
	}
	text, err := os.Readlink(name)
	return text, err == nil
}

// links adds the symbolic links on the way along a path.
func (m *model) links(raw string, follow bool) {
	_, links := m.walk(raw, follow)
	for _, link := range links {
		m.deeds.add(link, passed)
	}
}

func (m *model) canonical(raw string, follow bool) string {
	name, _ := m.walk(raw, follow)
	return name
}

// walk follows an absolute path through the tree as it is when the build is over and
// returns the canonical one and the links that it passed. Behind a name that is
// missing the rest is as written, up to the first "..": nobody knows where that leads.
func (m *model) walk(raw string, follow bool) (string, []string) {
	at, rest := "/", strings.Split(raw, "/")
	var links []string
	for len(rest) > 0 && len(links) < 40 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, name)
		if next == "/proc/self" {
			at = next
			continue
		}
		text, isLink := m.readlink(next)
		last := len(rest) == 0
		switch {
		case isLink && (!last || follow):
			links = append(links, next)
			rest = append(strings.Split(text, "/"), rest...)
			if strings.HasPrefix(text, "/") {
				at = "/"
			}
		case !there(next) && slices.Contains(rest, ".."):
			before := rest[:slices.Index(rest, "..")]
			return path.Join(append([]string{next}, before...)...), links
		default:
			at = next
		}
	}
	return at, links
}
