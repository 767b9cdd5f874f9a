package attacks

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// furnish prepares what one attack needs beside the tree. It returns the
// terminal that is the standard input, if there is one.
func (w *world) furnish(t testing.TB, name string, k *task) *os.File {
	t.Helper()
	switch {
	case strings.HasPrefix(name, "inherited_"):
		k.Leak = []string{w.path("f"), w.path("f/file")}
	case name == "stdin_fchmod":
		k.Stdin = w.path("f/file")
	case strings.HasPrefix(name, "stdin_"):
		k.Stdin = w.path("f")
	case strings.HasPrefix(name, "scm_outside_"):
		w.help(t, "f/helper", os.O_RDWR)
	case strings.HasPrefix(name, "scm_inside_"):
		w.help(t, "a/helper", os.O_RDONLY)
	case strings.HasPrefix(name, "unix_abstract"):
		k.Args = []string{w.ears.abstract}
	case name == "exec_unreadable":
		k.Args = []string{w.program(t, "unreadable", 0o111)}
	case name == "set_user_id":
		k.Args = []string{w.program(t, "root", 0o755|os.ModeSetuid)}
	case name == "proc_exe":
		if err := os.Chown(w.program(t, "f/program", 0o755), w.uid, w.uid); err != nil {
			t.Fatal(err)
		}
	case strings.HasPrefix(name, "type_"):
		return w.terminal(t, k)
	}
	return nil
}

// program copies the guest.
func (w *world) program(t testing.TB, name string, mode os.FileMode) string {
	t.Helper()
	copyFile(t, w.guest, w.path(name), mode)
	return w.path(name)
}

func (w *world) terminal(t testing.TB, k *task) *os.File {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slave.Close(); _ = master.Close() })
	if err := slave.Chown(w.uid, w.uid); err != nil {
		t.Fatal(err)
	}
	k.Stdin = slave.Name()
	return slave
}

// help passes a descriptor of the forbidden file to everybody who connects.
func (w *world) help(t testing.TB, socket string, flag int) {
	t.Helper()
	file, err := os.OpenFile(w.path("f/file"), flag, 0)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: w.path(socket), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(w.path(socket), w.uid, w.uid); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
		_ = file.Close()
	})
	go func() {
		defer close(ended)
		for {
			conn, err := l.AcceptUnix()
			if err != nil {
				return
			}
			_, _, _ = conn.WriteMsgUnix([]byte("f"), unix.UnixRights(int(file.Fd())), nil)
			_ = conn.Close()
		}
	}()
}
