package fakeroot

import (
	"archive/tar"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/vbatts/go-mtree"
	"github.com/vbatts/go-mtree/pkg/govis"
	"golang.org/x/sys/unix"
)

// WriteMtree writes a tree as a specification of mtree(5): a line for each object with its
// whole path, so that lines can be compared and searched. Content is told by its SHA-256
// sum, an attribute by xattr.NAME=BASE64 (as go-mtree has it), a device by device=. Links
// to the same inode are files of their own there.
func (db *DB) WriteMtree(w io.Writer, root string, opts ExportOptions) error {
	spec := mtree.DirectoryHierarchy{Entries: []mtree.Entry{{Type: mtree.SignatureType, Raw: "#mtree v2.0"}}}
	err := db.Walk(root, opts.WalkOptions, func(e *Entry) error {
		entry, err := mtreeEntry(e, &opts)
		if err != nil {
			return &fs.PathError{Op: "describe", Path: e.Path, Err: bare(err)}
		}
		entry.Pos = len(spec.Entries)
		spec.Entries = append(spec.Entries, *entry)
		return nil
	})
	if err == nil {
		_, err = spec.WriteTo(w)
	}
	return wrap("write mtree", err)
}

func mtreeEntry(e *Entry, opts *ExportOptions) (*mtree.Entry, error) {
	hdr, err := tarHeader(e, opts)
	if err != nil {
		return nil, err
	}
	name := tarName(e.Path)
	if e.Path == "." {
		name = "."
	}
	entry := &mtree.Entry{Type: mtree.FullType}
	if entry.Name, err = govis.Vis(name, mtree.DefaultVisFlags); err != nil {
		return nil, err
	}
	if entry.Keywords, err = mtreeKeywords(e, hdr); err != nil {
		return nil, err
	}
	if IsDevice(e.Mode) {
		device := fmt.Sprintf("device=native,%d,%d", unix.Major(e.Rdev), unix.Minor(e.Rdev))
		entry.Keywords = append(entry.Keywords, mtree.KeyVal(device))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Xattrs)) {
		encoded, err := govis.Vis(name, mtree.DefaultVisFlags)
		if err != nil {
			return nil, err
		}
		value := base64.StdEncoding.EncodeToString(e.Xattrs[name])
		entry.Keywords = append(entry.Keywords, mtree.KeyVal("xattr."+encoded+"="+value))
	}
	return entry, nil
}

// mtreeKeywords lets go-mtree describe what it knows, by the header of an archive.
func mtreeKeywords(e *Entry, hdr *tar.Header) ([]mtree.KeyVal, error) {
	words := []mtree.Keyword{"type", "uid", "gid", "mode", "time"}
	if hdr.Uname != "" {
		words = append(words, "uname")
	}
	if hdr.Gname != "" {
		words = append(words, "gname")
	}
	var content io.Reader
	switch {
	case e.IsRegular():
		file, err := e.Open()
		if err != nil {
			return nil, err
		}
		defer file.Close()
		content = file
		words = append(words, "size", "sha256digest")
	case e.is(unix.S_IFLNK):
		words = append(words, "link")
	}
	var list []mtree.KeyVal
	for _, word := range words {
		values, err := mtree.KeywordFuncs[word](e.Path, hdr.FileInfo(), content)
		if err != nil {
			return nil, err
		}
		list = append(list, values...)
	}
	return list, nil
}
