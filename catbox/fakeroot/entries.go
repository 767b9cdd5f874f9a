package fakeroot

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// WriteEntries writes a tree as JSON Lines, an object for each entry:
//
//	{"path":"dev/null","type":"char","mode":"0666","uid":0,"gid":0,"mtime":"2026-01-01T00:00:00Z","rdev":"1:3"}
//
// Members that do not apply are absent. A path, link or hardlink that is no UTF-8 is in
// path_bytes, link_bytes or hardlink_bytes, in base64 as the values of xattrs are.
func (db *DB) WriteEntries(w io.Writer, root string, opts ExportOptions) error {
	b := bufio.NewWriter(w)
	var line []byte
	err := db.Walk(root, opts.WalkOptions, func(e *Entry) error {
		line = appendEntry(line[:0], e, opts.clamp(e.ModTime))
		_, err := b.Write(line)
		return err
	})
	if err == nil {
		err = b.Flush()
	}
	return wrap("write entries", err)
}

func appendEntry(b []byte, e *Entry, modTime time.Time) []byte {
	b = append(b, '{')
	b = append(b, appendText(nil, "path", e.Path)[1:]...)
	b = append(append(append(b, `,"type":"`...), typeWord(e.Mode)...), '"')
	b = fmt.Appendf(b, `,"mode":"%#o","uid":%d,"gid":%d`, e.Mode&0o7777, e.UID, e.GID)
	if e.IsRegular() {
		b = strconv.AppendInt(append(b, `,"size":`...), e.Size, 10)
	}
	b = append(b, `,"mtime":"`...)
	b = append(modTime.UTC().AppendFormat(b, time.RFC3339Nano), '"')
	if IsDevice(e.Mode) {
		b = fmt.Appendf(b, `,"rdev":"%d:%d"`, unix.Major(e.Rdev), unix.Minor(e.Rdev))
	}
	if e.Link != "" {
		b = appendText(b, "link", e.Link)
	}
	if e.Hardlink != "" {
		b = appendText(b, "hardlink", e.Hardlink)
	}
	b = appendXattrs(b, `,"xattrs":{`, e.Xattrs, true)
	b = appendXattrs(b, `,"xattrs_bytes":{`, e.Xattrs, false)
	return append(b, "}\n"...)
}

func typeWord(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return "dir"
	case unix.S_IFLNK:
		return "link"
	case unix.S_IFCHR:
		return "char"
	case unix.S_IFBLK:
		return "block"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	}
	return "file"
}

// WriteFakerootTree writes what is faked about a tree in the format of fakeroot(1): each
// inode that would look other than fakeroot shows it without a record. See
// [DB.WriteFakeroot] for the format and what is lost; attributes are reported to Skipped.
func (db *DB) WriteFakerootTree(w io.Writer, root string, opts ExportOptions) error {
	faked := New()
	links := make(map[Key]uint64)
	err := db.Walk(root, opts.WalkOptions, func(e *Entry) error {
		key := keyOf(&e.real)
		if len(e.Record.xattrs()) > 0 {
			opts.skipped(e.Path, "this format has no place for its extended attributes")
		}
		if e.Record == nil && e.UID == 0 && e.GID == 0 {
			return nil
		}
		faked.Put(&Record{Key: key, Has: HasUID | HasGID | HasMode, UID: e.UID, GID: e.GID, Mode: e.Mode, Rdev: e.Rdev})
		links[key] = uint64(e.real.Nlink)
		return nil
	})
	if err != nil {
		return wrap("write records", err)
	}
	return faked.writeFakeroot(w, func(r *Record) (*Record, uint64, bool) { return r, links[r.Key], true })
}
