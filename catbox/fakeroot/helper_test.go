package fakeroot

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// samples are records of every kind, sorted by their keys.
func samples() []*Record {
	return []*Record{
		{Key: Key{1, 1}, Has: HasUID, UID: 5},
		{Key: Key{1, 2}, Has: HasGID, GID: 1<<32 - 1, Birth: 1, Path: "/a\"\\\x01\u00e9\x7f"},
		{Key: Key{1, 3}, Has: HasMode, Mode: unix.S_IFREG | 0o4755, Birth: -1},
		{Key: Key{1, 1<<64 - 1}, Has: HasUID | HasGID | HasMode, Mode: unix.S_IFCHR | 0o600, Rdev: unix.Mkdev(4095, 1048575), Birth: 1<<63 - 1},
		{Key: Key{64768, 12}, Has: HasMode, Mode: unix.S_IFBLK, Path: "/b\xff"},
		{Key: Key{1<<64 - 1, 7}, Xattrs: map[string][]byte{
			"security.capability": {1, 0, 0, 2, 0}, "trusted.empty": {}, "trusted.\xfe": {0xff},
		}},
	}
}

func database(records ...*Record) *DB {
	db := New()
	for _, r := range records {
		db.Put(r)
	}
	return db
}

func records(db *DB) []*Record {
	var list []*Record
	for r := range db.All() {
		list = append(list, r)
	}
	return list
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.TempDir(), name)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
