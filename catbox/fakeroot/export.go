package fakeroot

import (
	"archive/tar"
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// ExportOptions says how a tree is written. The zero value is good. The same tree with
// the same options gives the same bytes.
type ExportOptions struct {
	WalkOptions

	// MaxTime stands in the place of modification times that are later, unless it is
	// zero (SOURCE_DATE_EPOCH of reproducible-builds.org).
	MaxTime time.Time

	// UserName and GroupName give the names of owners for an archive, which otherwise
	// has numbers only: what a name means depends on the machine.
	UserName, GroupName func(id uint32) string

	// Skipped is called for what the format has no place for, with the reason.
	Skipped func(name, why string)
}

// clamp limits a modification time.
func (o *ExportOptions) clamp(t time.Time) time.Time {
	if !o.MaxTime.IsZero() && t.After(o.MaxTime) {
		return o.MaxTime
	}
	return t
}

func (o *ExportOptions) skipped(name, why string) {
	if o.Skipped != nil {
		o.Skipped(name, why)
	}
}

// WriteTar writes a tree as a tar archive in the format of POSIX (pax(1)), as GNU tar,
// libarchive and package tools read it: names begin with "./", attributes are in
// SCHILY.xattr.*, ACLs in SCHILY.acl.*. A socket has no place in an archive.
func (db *DB) WriteTar(w io.Writer, root string, opts ExportOptions) error {
	buffer := bufio.NewWriterSize(w, 1<<16)
	archive := tar.NewWriter(buffer)
	err := db.Walk(root, opts.WalkOptions, func(e *Entry) error {
		if e.is(unix.S_IFSOCK) {
			opts.skipped(e.Path, "a socket has no place in an archive")
			return nil
		}
		return writeTar(archive, e, &opts)
	})
	if err == nil {
		err = archive.Close()
	}
	if err == nil {
		err = buffer.Flush()
	}
	return wrap("write archive", err)
}

// wrap names the operation of an error that has no path of the tree.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, err)
}

func writeTar(archive *tar.Writer, e *Entry, opts *ExportOptions) error {
	hdr, err := tarHeader(e, opts)
	if err != nil {
		return &fs.PathError{Op: "describe", Path: e.Path, Err: err}
	}
	if e.Hardlink != "" {
		hdr.Typeflag, hdr.Linkname, hdr.Size = tar.TypeLink, tarName(e.Hardlink), 0
		clear(hdr.PAXRecords)
	}
	rawNames(hdr)
	if err := archive.WriteHeader(hdr); err != nil {
		return &fs.PathError{Op: "archive", Path: e.Path, Err: err}
	}
	if hdr.Size == 0 {
		return nil
	}
	return copyContent(archive, e)
}

// copyContent writes the content of a regular file, which must have the size that was
// announced.
func copyContent(w io.Writer, e *Entry) error {
	file, err := e.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	n, err := io.Copy(w, io.LimitReader(file, e.Size))
	if err == nil && n < e.Size {
		err = fmt.Errorf("it shrank from %d bytes to %d while it was read", e.Size, n)
	}
	if err != nil {
		return &fs.PathError{Op: "archive", Path: e.Path, Err: bare(err)}
	}
	return nil
}

func tarName(name string) string {
	if name == "." {
		return "./"
	}
	return "./" + name
}

// tarHeader describes an entry, its first link in case there are several.
func tarHeader(e *Entry, opts *ExportOptions) (*tar.Header, error) {
	hdr := &tar.Header{
		Format:     tar.FormatPAX,
		Typeflag:   typeflag(e.Mode),
		Name:       tarName(e.Path),
		Linkname:   e.Link,
		Mode:       int64(e.Mode & 0o7777),
		Uid:        int(e.UID),
		Gid:        int(e.GID),
		Size:       e.Size,
		ModTime:    opts.clamp(e.ModTime),
		Devmajor:   int64(unix.Major(e.Rdev)),
		Devminor:   int64(unix.Minor(e.Rdev)),
		PAXRecords: make(map[string]string),
	}
	if e.IsDir() && e.Path != "." {
		hdr.Name += "/"
	}
	if opts.UserName != nil {
		hdr.Uname = opts.UserName(e.UID)
	}
	if opts.GroupName != nil {
		hdr.Gname = opts.GroupName(e.GID)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Xattrs)) {
		value := e.Xattrs[name]
		if !isACL(name) {
			hdr.PAXRecords["SCHILY.xattr."+keyEscaper().Replace(name)] = string(value)
			continue
		}
		text, err := aclText(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		hdr.PAXRecords["SCHILY.acl."+name[strings.LastIndexByte(name, '_')+1:]] = text
	}
	return hdr, nil
}

// rawNames marks a header with names that are no UTF-8: POSIX has a word for them.
func rawNames(hdr *tar.Header) {
	if utf8.ValidString(hdr.Name) && utf8.ValidString(hdr.Linkname) {
		return
	}
	hdr.PAXRecords["hdrcharset"] = "BINARY"
}

// keyEscaper takes the sign that ends a key out of the name of an attribute, as GNU tar
// does.
func keyEscaper() *strings.Replacer { return strings.NewReplacer("%", "%25", "=", "%3D") }

// typeflag returns the type of an entry of an archive.
func typeflag(mode uint32) byte {
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return tar.TypeDir
	case unix.S_IFLNK:
		return tar.TypeSymlink
	case unix.S_IFCHR:
		return tar.TypeChar
	case unix.S_IFBLK:
		return tar.TypeBlock
	case unix.S_IFIFO:
		return tar.TypeFifo
	}
	return tar.TypeReg
}
