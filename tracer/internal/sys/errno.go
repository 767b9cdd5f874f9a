package sys

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Errno returns the errno inside err: zero for nil, EIO for an error that holds
// none.
func Errno(err error) unix.Errno {
	if err == nil {
		return 0
	}
	var e unix.Errno
	if errors.As(err, &e) {
		return e
	}
	return unix.EIO
}
