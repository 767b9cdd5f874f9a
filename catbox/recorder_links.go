package catbox

import (
	"bytes"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Symbolic links on the way to a file are dependencies as well: the build would use
// another file if they led elsewhere.

// maxLinkPaths bounds the paths whose links are remembered.
const maxLinkPaths = 8192

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
func (r *recorder) lexical(k *call, raw string, fd int32) string {
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
	clean := path.Clean(raw)
	if raw == "" || clean == canonical || !filepath.IsAbs(clean) && !strings.HasPrefix(clean, "..") && strings.HasSuffix(canonical, "/"+clean) {
		return nil
	}
	whole := r.lexical(k, raw, fd)
	if whole == "" || strings.HasPrefix(canonical, "/proc/") || strings.HasPrefix(whole, "/proc/") {
		return nil
	}
	return r.linksOf(whole)
}

// linksOf returns the symbolic links on the way along an absolute path.
func (r *recorder) linksOf(whole string) []string {
	if links, ok := r.links[whole]; ok {
		return links
	}
	if len(r.links) >= maxLinkPaths {
		clear(r.links)
	}
	links := walkLinks(whole)
	r.links[whole] = links
	return links
}

// walkLinks follows an absolute path and returns the links on it, by their
// canonical paths.
func walkLinks(whole string) []string {
	const maxLinks = 40 // path_resolution(7)
	var links []string
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
		text, err := readlink(next)
		if err != nil {
			at = next
			continue
		}
		if !slices.Contains(links, next) {
			links = append(links, next)
		}
		rest = append(strings.Split(text, "/"), rest...)
		if strings.HasPrefix(text, "/") {
			at = "/"
		}
	}
	return links
}
