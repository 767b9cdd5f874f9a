package record

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestErrnoName checks that lines about files and about the network spell an error in
// the same way, those included that have no name: the kernel lets its own out at times.
func TestErrnoName(t *testing.T) {
	const enotsupp = unix.Errno(524) // include/linux/errno.h; not for programs, so without a name
	for errno, want := range map[unix.Errno]string{0: "", unix.EACCES: "EACCES", unix.EWOULDBLOCK: "EAGAIN", enotsupp: "errno 524", 4095: "errno 4095"} {
		if got := ErrnoName(errno); got != want {
			t.Errorf("%d: %q, want %q", int(errno), got, want)
		}
		if errno == 0 {
			continue
		}
		var buf bytes.Buffer
		w := NewWriter(&buf, Run{}, Options{})
		id := w.Start(1, 0)
		w.File(id, "/x", OpRead, errno)
		w.Network(id, "connect", "@x", errno)
		if err := w.Close(Status{}); err != nil {
			t.Fatal(err)
		}
		list := events(t, &buf)
		got := append(one[*Files](t, list).Entries[0].Errnos, one[*Network](t, list).Errno)
		if diff := cmp.Diff([]string{want, want}, got); diff != "" {
			t.Errorf("%d (-want +got)\n%s", int(errno), diff)
		}
	}
}
