package catbox

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer"
)

// Symbolic links on the way to a file are dependencies as well: the build would use
// another file if they led elsewhere.

// walked is where a path leads, and the links on it.
type walked struct {
	canonical string
	links     []string
	there     bool // nothing on it is missing
	cut       bool // it goes back up from something missing, where it ends for us
	folder    bool // a directory for certain, by a path that ends in no link
}

// below returns where a name in a directory leads if it is no link.
func (at walked) below(name string) walked {
	at.folder = false
	switch {
	case at.cut:
	case at.canonical == "/":
		at.canonical += name
	default:
		at.canonical += "/" + name
	}
	return at
}

// maxWalks bounds the paths that are remembered.
const maxWalks = 8192

// walks remembers where directories lead, paths that end in a link, and the working
// directories of processes. The run itself tells when a name changes that it passed.
type walks struct {
	known  map[string]walked
	passed map[string]bool
	cwds   map[*tracer.Process][]byte // of those with one thread
}

func newWalks() walks {
	return walks{known: map[string]walked{}, passed: map[string]bool{}, cwds: map[*tracer.Process][]byte{}}
}

// walk is walkLinks with a memory.
func (w *walks) walk(whole string) walked {
	if at, ok := w.known[whole]; ok {
		return at
	}
	at, ok := w.place([]byte(whole))
	if !ok {
		return walkLinks(whole, nil)
	}
	if !at.there {
		return at
	}
	switch _, err := readlink(at.canonical); {
	case err == nil:
		return w.remember(whole)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		at.there = false
	}
	return at
}

// directory tells where the directory of a name leads. False: into procfs, where links
// mean something else for each reader.
func (w *walks) directory(whole []byte) (walked, bool) {
	at, ok := w.known[string(whole)]
	if !ok {
		at = w.remember(string(whole))
	}
	return at, at.canonical != "/proc" && !strings.HasPrefix(at.canonical, "/proc/")
}

// place tells where a path leads if it ends in no link. False: in a way that is not
// known, or into procfs.
func (w *walks) place(whole []byte) (walked, bool) {
	cut := bytes.LastIndexByte(whole, '/')
	at, ok := w.directory(whole[:cut])
	switch name := string(whole[cut+1:]); name {
	case "", ".":
		return at, ok
	case "..":
		return at, false
	default:
		return at.below(name), ok
	}
}

// folder tells where a path leads that was found to be a directory.
func (w *walks) folder(whole []byte) (walked, bool) {
	at := w.known[string(whole)]
	return at, at.folder
}

// isFolder notes that a path, which place has told about, leads to a directory. It makes
// no room for that: the names on the way, which place has passed, would be forgotten.
func (w *walks) isFolder(whole []byte, at walked) {
	if len(w.known) >= maxWalks {
		return
	}
	at.folder = true
	w.passed[at.canonical] = true
	w.known[string(whole)] = at
}

func (w *walks) remember(whole string) walked {
	if len(w.known) >= maxWalks {
		w.forget()
	}
	at := walkLinks(whole, func(name string) { w.passed[name] = true })
	w.known[whole] = at
	return at
}

func (w *walks) forget() {
	clear(w.known)
	clear(w.passed)
	clear(w.cwds)
}

// changed is for a name that was made, was taken away, or means something else.
func (w *walks) changed(path string) {
	if w.passed[path] {
		w.forget()
	}
}

// readlink returns the text of a link of procfs.
func readlink(name string) (string, error) {
	var buf [unix.PathMax]byte
	n, err := unix.Readlink(name, buf[:])
	if err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(buf[:n], []byte(" (deleted)"))), nil
}

// lexical returns a path as written from the root on, with its links.
func lexical(k *call, raw string, fd int32) string {
	if filepath.IsAbs(raw) {
		return raw
	}
	base := descriptorPath(k.stop.Tid, int(fd))
	if fd == unix.AT_FDCWD {
		base = fmt.Sprintf("/proc/%d/cwd", k.stop.Tid)
	}
	dir, err := readlink(base)
	if err != nil {
		return ""
	}
	return dir + "/" + raw
}

// linksTo returns the symbolic links on the way along raw, which leads to the
// canonical path. Mostly the two are the same.
func (r *recorder) linksTo(k *call, raw string, fd int32, canonical string) []string {
	if raw == "" || raw == canonical {
		return nil
	}
	whole := lexical(k, raw, fd)
	if whole == "" || path.Clean(whole) == canonical && !strings.Contains(whole, "..") || strings.HasPrefix(canonical, "/proc/") || strings.HasPrefix(whole, "/proc/") {
		return nil
	}
	links := r.walks.walk(whole).links
	if i := slices.Index(links, canonical); i >= 0 {
		links = links[:i] // a link is what was meant
	}
	return links
}

// walkLinks follows an absolute path and returns where it leads and the links on it,
// by their canonical paths. Behind a name that is missing the rest stays as it is
// written, up to the first "..": nobody knows where that would lead. pass, if it is not
// nil, is called with each name on the way.
func walkLinks(whole string, pass func(string)) walked {
	var links []string
	const maxLinks = 40 // path_resolution(7)
	at, rest := "/", strings.Split(whole, "/")
	for len(rest) > 0 && len(links) < maxLinks {
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
		if pass != nil {
			pass(next)
		}
		if at == "/proc" || strings.HasPrefix(at, "/proc/") {
			at = next // its links are other ones for the tracer
			continue
		}
		text, err := readlink(next)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
			up := slices.Index(rest, "..")
			if up >= 0 {
				rest = rest[:up]
			}
			return walked{canonical: path.Join(append([]string{next}, rest...)...), links: links, cut: up >= 0}
		}
		at = next
		if err != nil {
			continue
		}
		if !slices.Contains(links, next) {
			links = append(links, next)
		}
		rest = append(strings.Split(text, "/"), rest...)
		if at = path.Dir(next); strings.HasPrefix(text, "/") {
			at = "/"
		}
	}
	return walked{canonical: at, links: links, there: true}
}
