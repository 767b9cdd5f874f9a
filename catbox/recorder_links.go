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
)

// Symbolic links on the way to a file are dependencies as well: the build would use
// another file if they led elsewhere.

// walked is where a path leads, and the links on it.
type walked struct {
	canonical string
	links     []string
	there     bool // nothing on it is missing
}

// maxWalks bounds the paths that are remembered.
const maxWalks = 8192

// walks are the paths that were walked already. The run itself tells when they change.
type walks struct {
	known  map[string]walked
	passed map[string]bool // links
}

// walk is walkLinks with a memory.
func (w *walks) walk(whole string) walked {
	if at, ok := w.known[whole]; ok {
		return at
	}
	if len(w.known) >= maxWalks {
		w.forget()
	}
	at := walkLinks(whole)
	w.known[whole] = at
	for _, link := range at.links {
		w.passed[link] = true
	}
	return at
}

// directory is walk for the directory of a name. False: something is missing on the way,
// or it leads into procfs, where links mean something else for each reader.
func (w *walks) directory(whole []byte) (walked, bool) {
	at, ok := w.known[string(whole)]
	if !ok {
		at = w.walk(string(whole))
	}
	return at, at.there && at.canonical != "/proc" && !strings.HasPrefix(at.canonical, "/proc/")
}

// forget is for names that could be those of links or directories.
func (w *walks) forget() {
	clear(w.known)
	clear(w.passed)
}

// removed is for a name that is gone.
func (w *walks) removed(path string) {
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
// written, up to the first "..": nobody knows where that would lead.
func walkLinks(whole string) walked {
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
		if next == "/proc/self" || next == "/proc/thread-self" {
			at = next // that of the tracer is another one
			continue
		}
		text, err := readlink(next)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
			if up := slices.Index(rest, ".."); up >= 0 {
				rest = rest[:up]
			}
			return walked{path.Join(append([]string{next}, rest...)...), links, false}
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
	return walked{at, links, true}
}
