package fakeroot

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// ErrVersion says that a file was written by a version of catbox that this one does
// not know the format of.
var ErrVersion = errors.New("the format is of a newer version of catbox")

// LineError is an error in a line of a file of records.
type LineError struct {
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }

// Load reads the file called name, see [Read].
func Load(name string) (*DB, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	c, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read records: %s: %w", name, err)
	}
	return c.db, nil
}

// Read reads records in JSON Lines or in the format of fakeroot(1), told apart by their
// content. No content is no record. A last line that is not complete was being written
// when somebody was killed, and does not count. Other errors are a [*LineError].
func Read(r io.Reader) (*DB, error) {
	data, err := io.ReadAll(r)
	if err == nil {
		var c *content
		if c, err = parse(data); err == nil {
			return c.db, nil
		}
	}
	return nil, fmt.Errorf("read records: %w", err)
}

// format is how records are written.
type format uint8

const (
	formatNone     format = iota // nothing is there
	formatJSON                   // JSON Lines
	formatKeep                   // JSON Lines that are to be fakeroot's again
	formatFakeroot               // of fakeroot(1)
)

// content is what a file holds.
type content struct {
	db       *DB
	format   format
	complete int // bytes of complete lines
}

func parse(data []byte) (*content, error) {
	c := &content{db: New()}
	c.complete = bytes.LastIndexByte(data, '\n') + 1
	number := 0
	for line := range bytes.Lines(data[:c.complete]) {
		number++
		if err := c.line(bytes.TrimRight(line, "\r\n")); err != nil {
			return nil, &LineError{Line: number, Err: err}
		}
	}
	if c.complete == 0 && !begins(data) {
		return nil, &LineError{Line: 1, Err: errUnknown}
	}
	return c, nil
}

var errUnknown = errors.New("neither a file of catbox nor of fakeroot")

// begins reports whether data may be a first line that was cut.
func begins(data []byte) bool {
	for _, start := range []string{header, headerKeep, fakerootStart} {
		n := min(len(start), len(data))
		if string(data[:n]) == start[:n] {
			return true
		}
	}
	return false
}

func (c *content) line(line []byte) (err error) {
	if c.format == formatNone {
		if !bytes.HasPrefix(line, []byte(fakerootStart)) {
			c.format, err = parseHeader(line)
			return err
		}
		c.format = formatFakeroot
	}
	var r *Record
	if c.format == formatFakeroot {
		r, err = parseFakeroot(string(line))
	} else {
		var removed bool
		if r, removed, err = parseRecord(line); err == nil && removed {
			c.db.Remove(r.Key)
			return nil
		}
	}
	if err != nil {
		return err
	}
	c.db.Put(r)
	return nil
}

func parseHeader(line []byte) (format, error) {
	var h struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
		Keep    string `json:"keep"`
	}
	if err := json.Unmarshal(line, &h); err != nil || h.Format != "catbox-fakeroot" {
		return formatNone, errUnknown
	}
	switch {
	case h.Version < 1:
		return formatNone, fmt.Errorf("version %d does not exist", h.Version)
	case h.Version > 1:
		return formatNone, fmt.Errorf("version %d: %w", h.Version, ErrVersion)
	case h.Keep == "":
		return formatJSON, nil
	case h.Keep == "fakeroot":
		return formatKeep, nil
	}
	return formatNone, fmt.Errorf("unknown format %q to keep", h.Keep)
}

// recordLine is a line of JSON Lines.
type recordLine struct {
	Dev         *uint64           `json:"dev"`
	Ino         *uint64           `json:"ino"`
	Removed     bool              `json:"removed"`
	Birth       string            `json:"birth"`
	Path        string            `json:"path"`
	PathBytes   []byte            `json:"path_bytes"`
	UID         *uint32           `json:"uid"`
	GID         *uint32           `json:"gid"`
	Mode        string            `json:"mode"`
	Rdev        string            `json:"rdev"`
	Xattrs      map[string][]byte `json:"xattrs"`
	XattrsBytes map[string][]byte `json:"xattrs_bytes"`
}

func parseRecord(line []byte) (r *Record, removed bool, err error) {
	if !utf8.Valid(line) {
		return nil, false, errors.New("not UTF-8")
	}
	var l recordLine
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return nil, false, fmt.Errorf("not a record: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, false, errors.New("more than one record")
	}
	if l.Dev == nil || l.Ino == nil {
		return nil, false, errors.New("dev or ino is missing")
	}
	r = &Record{Key: Key{Dev: *l.Dev, Ino: *l.Ino}}
	if l.Removed {
		return r, true, nil
	}
	return r, false, l.fill(r)
}

func (l *recordLine) fill(r *Record) (err error) {
	if l.Birth != "" {
		if r.Birth, err = parseBirth(l.Birth); err != nil {
			return err
		}
	}
	if r.Path = l.Path; r.Path == "" {
		r.Path = string(l.PathBytes)
	}
	if l.UID != nil {
		r.Has, r.UID = r.Has|HasUID, *l.UID
	}
	if l.GID != nil {
		r.Has, r.GID = r.Has|HasGID, *l.GID
	}
	if l.Mode != "" {
		if r.Mode, err = parseMode(l.Mode); err != nil {
			return err
		}
		r.Has |= HasMode
	}
	if r.IsDevice() != (l.Rdev != "") {
		return errors.New("rdev belongs to a mode of a device, and to no other")
	}
	if l.Rdev != "" {
		if r.Rdev, err = parseRdev(l.Rdev); err != nil {
			return err
		}
	}
	return l.fillXattrs(r)
}

func (l *recordLine) fillXattrs(r *Record) error {
	r.Xattrs = l.Xattrs
	for encoded, value := range l.XattrsBytes {
		name, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return fmt.Errorf("xattrs_bytes: %w", err)
		}
		if r.Xattrs == nil {
			r.Xattrs = make(map[string][]byte)
		}
		r.Xattrs[string(name)] = value
	}
	for name := range r.Xattrs {
		if name == "" || strings.ContainsRune(name, 0) {
			return fmt.Errorf("no name of an attribute: %q", name)
		}
	}
	if len(r.Xattrs) == 0 {
		r.Xattrs = nil
	}
	return nil
}

// parseBirth reads a time that fits into an int64 of nanoseconds: 1678 to 2262.
func parseBirth(text string) (int64, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, fmt.Errorf("birth: %w", err)
	}
	ns := t.UnixNano()
	if !time.Unix(0, ns).Equal(t) {
		return 0, fmt.Errorf("birth %q: out of range", text)
	}
	return ns, nil
}

func parseMode(text string) (uint32, error) {
	mode, err := strconv.ParseUint(text, 8, 16)
	if err != nil {
		return 0, fmt.Errorf("mode %q: not an octal number of 16 bits", text)
	}
	switch mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFLNK, unix.S_IFCHR, unix.S_IFBLK, unix.S_IFIFO, unix.S_IFSOCK:
		return uint32(mode), nil
	}
	return 0, fmt.Errorf("mode %q: no type of a file", text)
}

func parseRdev(text string) (uint64, error) {
	first, second, _ := strings.Cut(text, ":")
	major, err := strconv.ParseUint(first, 10, 32)
	if err == nil {
		var minor uint64
		if minor, err = strconv.ParseUint(second, 10, 32); err == nil {
			return unix.Mkdev(uint32(major), uint32(minor)), nil
		}
	}
	return 0, fmt.Errorf("rdev %q: not of the form major:minor", text)
}
