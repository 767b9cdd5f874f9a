package fakeroot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fakerootStart is how each line of a file of fakeroot(1) begins.
const fakerootStart = "dev="

// WriteFakeroot writes the records in the format that fakeroot(1) reads with -i, sorted
// by their keys: a line for each inode,
//
//	dev=fe00,ino=12,mode=100644,uid=0,gid=0,nlink=1,rdev=0
//
// with dev in hexadecimal, mode in octal and the rest, rdev too, in decimal.
//
// The format has no partial records. What a record lacks is taken from the inode, if
// its path still leads to it: a real owner that is the caller counts as root. The format
// has no place for extended attributes, times of birth and paths, so these are lost, and
// so is a record without a mode whose path does not lead to it: see [DB.FakerootLoss].
func (db *DB) WriteFakeroot(w io.Writer) error { return db.writeFakeroot(w, complete) }

// writeFakeroot writes what complete makes of the records.
func (db *DB) writeFakeroot(w io.Writer, complete func(*Record) (full *Record, nlink uint64, ok bool)) error {
	b := bufio.NewWriter(w)
	for r := range db.All() {
		full, nlink, ok := complete(r)
		if !ok {
			continue
		}
		fmt.Fprintf(b, "dev=%x,ino=%d,mode=%o,uid=%d,gid=%d,nlink=%d,rdev=%d\n",
			full.Dev, full.Ino, full.Mode, full.UID, full.GID, nlink, full.Rdev)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	return nil
}

// Loss is what the format of fakeroot(1) has no place for.
type Loss struct {
	Xattrs  int // inodes whose attributes are not written
	Records int // inodes that are not written: their type is not known
}

// FakerootLoss returns what [DB.WriteFakeroot] leaves out.
func (db *DB) FakerootLoss() Loss {
	var loss Loss
	for r := range db.All() {
		if len(r.Xattrs) > 0 {
			loss.Xattrs++
		}
		if _, _, ok := complete(r); !ok {
			loss.Records++
		}
	}
	return loss
}

// complete returns a record with all fields, and the number of links.
func complete(r *Record) (full *Record, nlink uint64, ok bool) {
	filled := *r
	full, nlink = &filled, 1
	var st unix.Statx_t
	found := r.Path != "" &&
		unix.Statx(unix.AT_FDCWD, r.Path, unix.AT_SYMLINK_NOFOLLOW, statxMask, &st) == nil &&
		keyOf(&st) == r.Key && r.describes(uint32(st.Mode), birthOf(&st))
	if !found {
		return full, nlink, r.Has&HasMode != 0
	}
	if r.Has&HasMode == 0 {
		full.Mode, full.Rdev = uint32(st.Mode), unix.Mkdev(st.Rdev_major, st.Rdev_minor)
	}
	if own := st.Uid == uint32(os.Geteuid()); !own {
		if r.Has&HasUID == 0 {
			full.UID = st.Uid
		}
		if r.Has&HasGID == 0 {
			full.GID = st.Gid
		}
	}
	return full, uint64(st.Nlink), true
}

// parseFakeroot reads a line of fakeroot(1).
func parseFakeroot(line string) (*Record, error) {
	r := &Record{Has: HasUID | HasGID | HasMode}
	fields := strings.Split(line, ",")
	names := []string{"dev", "ino", "mode", "uid", "gid", "nlink", "rdev"}
	if len(fields) != len(names) {
		return nil, errors.New("not a record: a field is missing or too much")
	}
	for i, name := range names {
		text, ok := strings.CutPrefix(fields[i], name+"=")
		if !ok {
			return nil, fmt.Errorf("not a record: %q is not %s=", fields[i], name)
		}
		if err := setFakeroot(r, name, text); err != nil {
			return nil, err
		}
	}
	if !r.IsDevice() {
		r.Rdev = 0
	}
	return r, nil
}

func setFakeroot(r *Record, name, text string) (err error) {
	base, bits := 10, 64
	switch name {
	case "dev":
		base = 16
	case "mode":
		r.Mode, err = parseMode(text)
		return err
	case "uid", "gid":
		bits = 32
	}
	value, err := strconv.ParseUint(text, base, bits)
	if err != nil {
		return fmt.Errorf("%s %q: not a number of base %d and %d bits", name, text, base, bits)
	}
	switch name {
	case "dev":
		r.Dev = value
	case "ino":
		r.Ino = value
	case "uid":
		r.UID = uint32(value)
	case "gid":
		r.GID = uint32(value)
	case "rdev":
		r.Rdev = value
	}
	return nil
}
