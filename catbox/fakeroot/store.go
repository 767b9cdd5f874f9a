package fakeroot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrInUse says that another process has the file open in a [Store].
var ErrInUse = errors.New("in use by another run; wait for its end, or give another file")

// Store is a [DB] that a file follows: each change is a line that is appended with one
// write(2) before the change is made here, so that a process that is killed loses
// nothing that it has recorded. [Store.Close] writes the file anew, sorted and without
// what has been overtaken.
//
// A file in the format of fakeroot(1) is in it again after Close. From the first change
// on until then it is in JSON Lines, because that format has no way to take a record
// back, nor a partial one; a process that is killed leaves it so, and the next Store
// brings it back. What the format cannot hold (see [DB.WriteFakeroot]) ends with Close.
//
// One Store has a file at a time (flock(2)). It is not safe for concurrent use.
type Store struct {
	db     *DB
	name   string   // absolute and without links
	file   *os.File // locked
	format format
	size   int64 // of complete lines; what is behind it does not count
	dirty  bool  // the file is not as Close would write it
	broken error // of a write that could not be undone
	buf    []byte
}

// Open opens the file called name, or creates it. The error is [ErrInUse] if another
// Store has it, see there for others: [Read].
func Open(name string) (*Store, error) {
	s, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("open records: %s: %w", name, err)
	}
	return s, nil
}

func open(name string) (*Store, error) {
	file, err := openLocked(name)
	if err != nil {
		return nil, bare(err)
	}
	s := &Store{file: file}
	// Close replaces the file, not a link to it, wherever the process is by then.
	if s.name, err = filepath.EvalSymlinks(name); err == nil {
		s.name, err = filepath.Abs(s.name)
	}
	if err == nil {
		err = s.load()
	}
	if err != nil {
		file.Close()
		return nil, bare(err)
	}
	return s, nil
}

// bare takes the name of the file off an error, which is wrapped with it once.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// openLocked opens a file and locks it. Who had it may have put another in its place
// between the two: the lock counts if the name still leads to the file.
func openLocked(name string) (*os.File, error) {
	for {
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND|unix.O_NONBLOCK|unix.O_NOCTTY, 0o644)
		if err != nil {
			return nil, err
		}
		same, err := lock(file, name)
		if err == nil && same {
			return file, nil
		}
		file.Close()
		if err != nil {
			return nil, err
		}
	}
}

func lock(file *os.File, name string) (same bool, err error) {
	opened, err := file.Stat()
	if err != nil {
		return false, err
	}
	if !opened.Mode().IsRegular() {
		return false, errors.New("not a regular file")
	}
	if err := flock(file); err != nil {
		return false, err
	}
	named, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(opened, named), err
}

func flock(file *os.File) error {
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch err {
		case nil:
			return nil
		case unix.EINTR:
		case unix.EWOULDBLOCK:
			return ErrInUse
		default:
			return fmt.Errorf("lock: %w", err)
		}
	}
}

// load reads the file and takes off a line that was not completed.
func (s *Store) load() error {
	data, err := io.ReadAll(s.file)
	if err != nil {
		return err
	}
	c, err := parse(data)
	if err != nil {
		return err
	}
	s.db, s.format, s.size = c.db, c.format, int64(c.complete)
	s.dirty = s.format == formatKeep
	if c.complete < len(data) {
		if err := s.file.Truncate(s.size); err != nil {
			return err
		}
	}
	if s.format == formatNone {
		s.format = formatJSON
		return s.append([]byte(header))
	}
	return nil
}

// DB returns the records. Change them with Put and Remove of the Store only.
func (s *Store) DB() *DB { return s.db }

// Loss returns what Close will leave out, if the file is in the format of fakeroot(1).
func (s *Store) Loss() Loss {
	if s.format != formatKeep {
		return Loss{}
	}
	return s.db.FakerootLoss()
}

// Put records r, in the file first. After an error nothing has changed.
func (s *Store) Put(r *Record) error {
	if old := s.db.Get(r.Key); old != nil && old.equal(r) {
		return nil
	}
	s.buf = appendRecord(s.buf[:0], r)
	if err := s.change(s.buf); err != nil {
		return fmt.Errorf("record %s: %w", s.name, err)
	}
	s.db.Put(r)
	return nil
}

// Remove forgets what is recorded about an inode, in the file first. After an error
// nothing has changed.
func (s *Store) Remove(key Key) error {
	if s.db.Get(key) == nil {
		return nil
	}
	s.buf = appendRemoval(s.buf[:0], key)
	if err := s.change(s.buf); err != nil {
		return fmt.Errorf("record %s: %w", s.name, err)
	}
	s.db.Remove(key)
	return nil
}

func (s *Store) change(line []byte) error {
	if s.format == formatFakeroot {
		if err := s.replace(func(w io.Writer) error { return s.db.writeJSON(w, headerKeep) }); err != nil {
			return fmt.Errorf("put it into JSON Lines while it is open: %w", err)
		}
		s.format = formatKeep
	}
	s.dirty = true
	return s.append(line)
}

// append writes a line, all of it or nothing.
func (s *Store) append(line []byte) error {
	if s.broken != nil {
		return s.broken
	}
	n, err := s.file.Write(line)
	if err == nil {
		s.size += int64(n)
		return nil
	}
	err = bare(err)
	if n > 0 {
		if undo := s.file.Truncate(s.size); undo != nil {
			s.broken = fmt.Errorf("%w; the half-written line cannot be taken off: %w", err, bare(undo))
			return s.broken
		}
	}
	return err
}

// Close writes the file anew, in the format it had when it was opened first, and gives
// it up. Where no file can be put in its place (its directory or its owner is another's),
// it stays as it is, which is complete, only longer. After an error it does, too.
func (s *Store) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.compact()
	s.file.Close()
	s.file = nil
	if err != nil {
		return fmt.Errorf("close records: %s: %w", s.name, err)
	}
	return nil
}

func (s *Store) compact() error {
	if !s.dirty {
		return nil
	}
	if s.format == formatKeep {
		return s.replace(s.db.WriteFakeroot)
	}
	err := s.replace(s.db.WriteJSON)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EROFS) {
		return nil
	}
	return err
}

// replace puts a new file in the place of the old one, with its mode and its owner. It
// is locked before it can be seen under the name.
func (s *Store) replace(write func(io.Writer) error) (err error) {
	old, err := s.file.Stat()
	if err != nil {
		return bare(err)
	}
	file, err := os.CreateTemp(filepath.Dir(s.name), "."+filepath.Base(s.name)+".*")
	if err != nil {
		return bare(err)
	}
	defer func() {
		if err != nil {
			file.Close()
			err = errors.Join(err, bare(os.Remove(file.Name())))
		}
	}()
	if err := flock(file); err != nil {
		return err
	}
	if err := dress(file, old); err != nil {
		return err
	}
	if err := write(file); err != nil {
		return bare(err)
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return bare(err)
	}
	if err := file.Sync(); err != nil {
		return bare(err)
	}
	if err := appending(file); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), s.name); err != nil {
		return errors.Unwrap(err)
	}
	s.file.Close()
	s.file, s.size = file, size
	return nil
}
