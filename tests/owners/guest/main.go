// Command guest gives files away and says what it sees of them, as
// tests/guests/owner.c does: a program without a C library, which nothing can be
// preloaded into.
package main

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// steps runs functions until one of them fails.
func steps(all ...func() error) error {
	for _, step := range all {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func run() error {
	syscall.Umask(0o022)
	return steps(
		func() error { return os.WriteFile("file", nil, 0o644) },
		func() error { return look("file") },
		giveAway,
		func() error { return look("file", "hard", "link", "dir", "zero", "disk", "fifo") },
		attribute,
		entries,
		func() error { return os.Remove("file") },
		func() error { return os.Chown("hard", 0, 0) }, // takes the set-user-id bit away
		func() error { return look("hard") },
		func() error {
			fmt.Println("ids", os.Getuid(), os.Geteuid(), os.Getgid(), os.Getegid())
			return nil
		},
	)
}

func giveAway() error {
	return steps(
		func() error { return os.Chown("file", 1, 2) },
		func() error { return os.Symlink("file", "link") },
		func() error { return os.Lchown("link", 3, 4) },
		func() error {
			f, err := os.Open("file")
			if err != nil {
				return err
			}
			defer f.Close()
			return steps(
				func() error { return f.Chown(5, -1) },
				func() error { return unix.Fchownat(int(f.Fd()), "", -1, 6, unix.AT_EMPTY_PATH) },
				func() error { return f.Chmod(0o711 | os.ModeSetuid) },
			)
		},
		func() error { return os.Mkdir("dir", 0o700) },
		func() error { return os.Chown("dir", 7, 8) },
		func() error { return os.Chmod("dir", 0o770|os.ModeSetgid|os.ModeSticky) },
		func() error { return os.Chown("dir", -1, 9) },
		func() error { return syscall.Mknod("null", syscall.S_IFCHR|0o666, int(unix.Mkdev(1, 3))) },
		func() error { return syscall.Mknod("disk", syscall.S_IFBLK|0o660, int(unix.Mkdev(8, 1))) },
		func() error { return os.Chown("disk", 0, 6) },
		func() error { return syscall.Mkfifo("fifo", 0o600) },
		func() error { return os.Link("file", "hard") },
		func() error { return os.Rename("null", "zero") },
	)
}

func look(names ...string) error {
	for _, name := range names {
		info, err := os.Lstat(name)
		if err != nil {
			return err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return fmt.Errorf("lstat %s: no stat_t", name)
		}
		fmt.Printf("%s %o %d:%d %d,%d %d\n", name, st.Mode, st.Uid, st.Gid, unix.Major(st.Rdev), unix.Minor(st.Rdev), st.Nlink)
	}
	return nil
}

func attribute() error {
	if err := syscall.Setxattr("file", "trusted.from", []byte("root"), 0); err != nil {
		return err
	}
	value := make([]byte, 64)
	n, err := syscall.Getxattr("hard", "trusted.from", value)
	if err != nil {
		return err
	}
	fmt.Printf("trusted.from %s\n", value[:n])
	return nil
}

// entries prints what getdents(2) says.
func entries() error {
	all, err := os.ReadDir(".")
	if err != nil {
		return err
	}
	types := map[os.FileMode]int{
		0: unix.S_IFREG, os.ModeDir: unix.S_IFDIR, os.ModeSymlink: unix.S_IFLNK, os.ModeNamedPipe: unix.S_IFIFO,
		os.ModeDevice: unix.S_IFBLK, os.ModeDevice | os.ModeCharDevice: unix.S_IFCHR,
	}
	for _, e := range all {
		fmt.Printf("%s type %o\n", e.Name(), types[e.Type()])
	}
	return nil
}
