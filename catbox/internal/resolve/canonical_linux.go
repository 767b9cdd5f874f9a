package resolve

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrNoName reports an object that has no name in the tree of the caller: a pipe
// or another anonymous object, a deleted file, or one outside of the caller's
// root.
var ErrNoName = errors.New("object has no name here")

// Canonical returns the canonical path that path has for the process or thread
// pid, or for the caller if pid is 0, from the caller's root. follow follows a
// symbolic link in the last component. A missing last component is no error.
//
// The error wraps the errno of the walk, ErrNoName, or what kept it from looking
// at pid. It is safe for concurrent use.
func Canonical(path string, pid int, follow bool) (string, error) {
	r, err := New()
	if err != nil {
		return "", err
	}
	defer r.Close()
	req := Request{Tid: pid, DirFD: unix.AT_FDCWD, Path: []byte(path), Follow: follow}
	var res Result
	if err := r.Resolve(&req, &res); err != nil {
		return "", err
	}
	switch {
	case res.Errno != 0:
		return "", fmt.Errorf("resolve %q: %w", path, res.Errno)
	case res.Kind != Named:
		return "", fmt.Errorf("resolve %q: %w (%s)", path, ErrNoName, res.Kind)
	}
	return string(res.Path), nil
}
