package resolve

import "bytes"

// Last says what the last component of a path is, as written.
type Last uint8

// The kinds of a last component. Calls that make or remove an entry answer
// EEXIST, EBUSY, EINVAL or ENOTEMPTY to all but a normal name.
const (
	// LastNone is the empty path, which names the descriptor itself.
	LastNone Last = iota
	// LastNormal is a name.
	LastNormal
	// LastDot is ".".
	LastDot
	// LastDotDot is "..".
	LastDotDot
	// LastRoot is a path of slashes only.
	LastRoot
)

// String returns the component that l stands for.
func (l Last) String() string {
	switch l {
	case LastNone:
		return "none"
	case LastNormal:
		return "name"
	case LastDot:
		return "."
	case LastDotDot:
		return ".."
	case LastRoot:
		return "/"
	}
	return "unknown"
}

// parts is a path cut before its last component.
type parts struct {
	dir   []byte // with its slashes; the whole path unless last is LastNormal
	name  []byte // the last component, whatever it is; empty for LastRoot
	last  Last
	slash bool // slashes follow the last component
}

// split cuts a path that is not empty.
func split(path []byte) parts {
	trimmed := bytes.TrimRight(path, "/")
	if len(trimmed) == 0 {
		return parts{dir: path, last: LastRoot}
	}
	i := bytes.LastIndexByte(trimmed, '/') + 1
	p := parts{dir: path, name: trimmed[i:], slash: len(trimmed) < len(path)}
	switch {
	case isDot(p.name):
		p.last = LastDot
	case isDotDot(p.name):
		p.last = LastDotDot
	default:
		p.last, p.dir = LastNormal, path[:i]
	}
	return p
}

// cut takes the first component off a path. Slashes in front of it and behind it
// belong to neither name nor rest; slash reports that some stood behind it.
func cut(path []byte) (name, rest []byte, slash bool) {
	path = bytes.TrimLeft(path, "/")
	i := bytes.IndexByte(path, '/')
	if i < 0 {
		return path, nil, false
	}
	return path[:i], bytes.TrimLeft(path[i:], "/"), true
}

// appendClean appends the components of path to dst, an absolute path without
// trailing slash ("" is the root), and takes one off for each "..". It is right
// only for paths that are known to hold no symbolic link. An empty result stands
// for the root.
func appendClean(dst, path []byte) []byte {
	for len(path) > 0 {
		var name []byte
		name, path, _ = cut(path)
		switch {
		case len(name) == 0 || isDot(name):
		case isDotDot(name):
			dst = dst[:max(bytes.LastIndexByte(dst, '/'), 0)]
		default:
			dst = append(append(dst, '/'), name...)
		}
	}
	return dst
}

// appendName appends name to the absolute directory dst.
func appendName(dst, name []byte) []byte {
	if len(dst) == 0 || dst[len(dst)-1] != '/' {
		dst = append(dst, '/')
	}
	return append(dst, name...)
}

func isDot(name []byte) bool    { return len(name) == 1 && name[0] == '.' }
func isDotDot(name []byte) bool { return len(name) == 2 && name[0] == '.' && name[1] == '.' }

// deletedSuffix ends the name of an object that has lost it (proc_pid_fd(5)); a
// living object can be called so, too.
const deletedSuffix = " (deleted)"

// isDeleted reports whether a name read from procfs may be that of a lost object.
func isDeleted(text []byte) bool { return bytes.HasSuffix(text, []byte(deletedSuffix)) }

func hasNUL(path []byte) bool   { return bytes.IndexByte(path, 0) >= 0 }
func lastSlash(path []byte) int { return bytes.LastIndexByte(path, '/') }
