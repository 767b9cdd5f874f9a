package fakeroot

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// The first line of a file of JSON Lines. The second form is that of a file which
// was in the format of fakeroot(1) and is to be in it again, see [Store].
const (
	header     = `{"format":"catbox-fakeroot","version":1}` + "\n"
	headerKeep = `{"format":"catbox-fakeroot","version":1,"keep":"fakeroot"}` + "\n"
)

// WriteJSON writes the records as JSON Lines, sorted by their keys. All of a record is
// in its line.
func (db *DB) WriteJSON(w io.Writer) error { return db.writeJSON(w, header) }

func (db *DB) writeJSON(w io.Writer, header string) error {
	b := bufio.NewWriter(w)
	b.WriteString(header) //nolint:errcheck // the error stays until Flush
	var line []byte
	for r := range db.All() {
		line = appendRecord(line[:0], r)
		b.Write(line) //nolint:errcheck // the error stays until Flush
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	return nil
}

// appendRecord appends the line of a record. It is written by hand because it is
// written while a program waits for its chown(2), with a buffer that is used again.
func appendRecord(b []byte, r *Record) []byte {
	b = appendKey(b, r.Key)
	if r.Birth != 0 {
		b = append(b, `,"birth":"`...)
		b = time.Unix(0, r.Birth).UTC().AppendFormat(b, time.RFC3339Nano)
		b = append(b, '"')
	}
	if r.Path != "" {
		b = appendText(b, "path", r.Path)
	}
	if r.Has&HasUID != 0 {
		b = strconv.AppendUint(append(b, `,"uid":`...), uint64(r.UID), 10)
	}
	if r.Has&HasGID != 0 {
		b = strconv.AppendUint(append(b, `,"gid":`...), uint64(r.GID), 10)
	}
	if r.Has&HasMode != 0 {
		b = strconv.AppendUint(append(b, `,"mode":"0`...), uint64(r.Mode), 8)
		b = append(b, '"')
		if r.IsDevice() {
			b = strconv.AppendUint(append(b, `,"rdev":"`...), uint64(unix.Major(r.Rdev)), 10)
			b = strconv.AppendUint(append(b, ':'), uint64(unix.Minor(r.Rdev)), 10)
			b = append(b, '"')
		}
	}
	b = appendXattrs(b, `,"xattrs":{`, r.Xattrs, true)
	b = appendXattrs(b, `,"xattrs_bytes":{`, r.Xattrs, false)
	return append(b, "}\n"...)
}

// appendRemoval appends the line that ends a record of the lines before it.
func appendRemoval(b []byte, key Key) []byte {
	return append(appendKey(b, key), ",\"removed\":true}\n"...)
}

func appendKey(b []byte, key Key) []byte {
	b = strconv.AppendUint(append(b, `{"dev":`...), key.Dev, 10)
	return strconv.AppendUint(append(b, `,"ino":`...), key.Ino, 10)
}

// appendXattrs appends the attributes whose names are text, or those whose names are
// not: these are in base64, as values always are.
func appendXattrs(b []byte, open string, xattrs map[string][]byte, text bool) []byte {
	separator := open
	for _, name := range slices.Sorted(maps.Keys(xattrs)) {
		if utf8.ValidString(name) != text {
			continue
		}
		b = append(b, separator...)
		if text {
			b = appendString(b, name)
		} else {
			b = append(base64.StdEncoding.AppendEncode(append(b, '"'), []byte(name)), '"')
		}
		b = base64.StdEncoding.AppendEncode(append(b, `:"`...), xattrs[name])
		b = append(b, '"')
		separator = ","
	}
	if separator == "," {
		b = append(b, '}')
	}
	return b
}

// appendText appends a field of text. Names of files are bytes: what is no UTF-8 is
// in a field of its own, in base64.
func appendText(b []byte, name, value string) []byte {
	b = append(append(b, `,"`...), name...)
	if utf8.ValidString(value) {
		return appendString(append(b, `":`...), value)
	}
	b = base64.StdEncoding.AppendEncode(append(b, `_bytes":"`...), []byte(value))
	return append(b, '"')
}

// appendString appends valid UTF-8 as a string of JSON (RFC 8259, section 7).
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c == 0x7f:
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
