package fakeroot_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
)

// fake makes a tree with a placeholder, and says in a file of records what it stands for.
func fake(dir string) (state, tree string, err error) {
	state, tree = filepath.Join(dir, "own.jsonl"), filepath.Join(dir, "tree")
	name := filepath.Join(tree, "null")
	var st unix.Stat_t
	if err := os.Mkdir(tree, 0o755); err != nil {
		return "", "", err
	}
	if err := os.Chmod(tree, 0o755); err != nil { // whatever the umask is
		return "", "", err
	}
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		return "", "", err
	}
	if err := unix.Lstat(name, &st); err != nil {
		return "", "", err
	}
	s, err := fakeroot.Open(state)
	if err != nil {
		return "", "", err
	}
	defer s.Close() // the second time it does nothing
	err = s.Put(&fakeroot.Record{
		Key:  fakeroot.Key{Dev: st.Dev, Ino: st.Ino},
		Has:  fakeroot.HasUID | fakeroot.HasGID | fakeroot.HasMode,
		Mode: unix.S_IFCHR | 0o666,
		Rdev: unix.Mkdev(1, 3),
	})
	if err != nil {
		return "", "", err
	}
	return state, tree, s.Close()
}

func Example() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	state, tree, err := fake(dir)
	if err != nil {
		log.Print(err)
		return
	}

	db, err := fakeroot.Load(state)
	if err != nil {
		log.Print(err)
		return
	}
	err = db.Walk(tree, fakeroot.WalkOptions{}, func(e *fakeroot.Entry) error {
		if e.Record != nil {
			fmt.Printf("%o %d:%d %s\n", e.Mode, e.UID, e.GID, e.Path)
		}
		return nil
	})
	if err != nil {
		log.Print(err)
		return
	}
	err = db.WriteEntries(os.Stdout, tree, fakeroot.ExportOptions{MaxTime: time.Unix(1_700_000_000, 0)})
	if err != nil {
		log.Print(err)
	}
	// Output:
	// 20666 0:0 null
	// {"path":".","type":"dir","mode":"0755","uid":0,"gid":0,"mtime":"2023-11-14T22:13:20Z"}
	// {"path":"null","type":"char","mode":"0666","uid":0,"gid":0,"mtime":"2023-11-14T22:13:20Z","rdev":"1:3"}
}
