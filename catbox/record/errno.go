package record

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// ErrnoName returns how a record spells an error: "ENOENT", or "errno 524" for a number
// that errno(3) has no name for. It is "" for 0. Of two names for one number it is the
// one that golang.org/x/sys has, such as EAGAIN and ENOTSUP.
func ErrnoName(errno unix.Errno) string {
	if errno == 0 {
		return ""
	}
	if name := unix.ErrnoName(errno); name != "" {
		return name
	}
	return "errno " + strconv.Itoa(int(errno))
}
