package attacks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// ears are sockets that nobody is to reach.
type ears struct {
	port     int
	abstract string
	all      []ear
}

type ear struct {
	name   string
	fd     int
	stream bool
}

// listen opens sockets of all kinds: the internet ones share a port.
func listen(t testing.TB, w *world) *ears {
	t.Helper()
	const tries = 20 // the port of the first may be taken for the others
	for range tries {
		e := &ears{abstract: "catbox-attacks-" + filepath.Base(w.root)}
		err := e.open(w)
		if err == nil {
			t.Cleanup(e.close)
			return e
		}
		e.close()
		if !errors.Is(err, unix.EADDRINUSE) {
			t.Fatal(err)
		}
	}
	t.Fatal("no free port")
	return nil
}

func (e *ears) open(w *world) error {
	loop4, loop6 := [4]byte{127, 0, 0, 1}, [16]byte{15: 1}
	if err := e.add("tcp", unix.SOCK_STREAM, &unix.SockaddrInet4{Addr: loop4}); err != nil {
		return err
	}
	name, err := unix.Getsockname(e.all[0].fd)
	if err != nil {
		return err
	}
	e.port = name.(*unix.SockaddrInet4).Port
	err = e.add("udp", unix.SOCK_DGRAM, &unix.SockaddrInet4{Addr: loop4, Port: e.port})
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM} {
		if err == nil {
			err = e.add("ipv6", kind, &unix.SockaddrInet6{Addr: loop6, Port: e.port})
		}
	}
	for name, kind := range map[string]int{"stream": unix.SOCK_STREAM, "dgram": unix.SOCK_DGRAM} {
		_ = os.Remove(w.path("f/" + name))
		if err == nil {
			err = e.add(name, kind, &unix.SockaddrUnix{Name: w.path("f/" + name)})
		}
		if err == nil {
			err = os.Chown(w.path("f/"+name), w.uid, w.uid)
		}
		if err == nil {
			err = e.add("abstract "+name, kind, &unix.SockaddrUnix{Name: "@" + e.abstract})
		}
	}
	return err
}

// alsoAt listens at another address of this machine.
func (e *ears) alsoAt(ip [4]byte) error {
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM} {
		if err := e.add("host", kind, &unix.SockaddrInet4{Addr: ip, Port: e.port}); err != nil {
			return err
		}
	}
	return nil
}

func (e *ears) add(name string, kind int, at unix.Sockaddr) error {
	family := unix.AF_INET
	switch at.(type) {
	case *unix.SockaddrInet6:
		family = unix.AF_INET6
	case *unix.SockaddrUnix:
		family = unix.AF_UNIX
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("socket %s: %w", name, err)
	}
	e.all = append(e.all, ear{name, fd, kind == unix.SOCK_STREAM})
	if family == unix.AF_INET && kind == unix.SOCK_STREAM {
		const fastOpen = 23 // TCP_FASTOPEN
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, fastOpen, 4)
	}
	if err := unix.Bind(fd, at); err != nil {
		return fmt.Errorf("bind %s: %w", name, err)
	}
	if kind == unix.SOCK_STREAM {
		return unix.Listen(fd, 8)
	}
	return nil
}

// heard lists who was reached. What was sent over the loopback device before the
// attack ended is there.
func (e *ears) heard() []string {
	var names []string
	for _, s := range e.all {
		if s.stream {
			if fd, _, err := unix.Accept4(s.fd, unix.SOCK_CLOEXEC); err == nil {
				_ = unix.Close(fd)
				names = append(names, s.name)
			}
			continue
		}
		var b [16]byte
		if _, _, err := unix.Recvfrom(s.fd, b[:], 0); err == nil {
			names = append(names, s.name)
		}
	}
	return names
}

func (e *ears) close() {
	for _, s := range e.all {
		_ = unix.Close(s.fd)
	}
}
