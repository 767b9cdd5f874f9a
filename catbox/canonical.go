package catbox

import (
	"github.com/catbox-go/catbox/catbox/internal/resolve"
)

// ErrNoProc is the error of a run, or of [Canonical], where /proc is not mounted or
// is that of another pid namespace: then nothing can be known about a process.
var ErrNoProc = resolve.ErrNoProc

// CanonicalOptions says from whose point of view Canonical looks. The zero value
// is that of the caller, not following a link in the last component.
type CanonicalOptions struct {
	// PID is a process or thread whose root, working directory, descriptors
	// and /proc/self count; 0 is the caller. Its owner or root may look.
	PID int

	// Follow follows a symbolic link in the last component.
	Follow bool
}

// Canonical returns the absolute path, without links, "." and "..", of what path
// means. The last component need not exist. The error is that of the kernel's
// walk: ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG or EACCES, for errors.Is.
//
// It is the function that decides which rule counts for a path.
func Canonical(path string, opts CanonicalOptions) (string, error) {
	return resolve.Canonical(path, opts.PID, opts.Follow)
}
