package catbox

import (
	"bytes"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/tracer"
)

// Inode numbers are used again, sometimes at once. So a record is forgotten when
// its inode has lost its last name; and one that was loaded counts only when the
// inode was born when the record says. Until its last descriptor is closed an inode
// without a name lives on, and a descriptor must still show what was recorded: such
// a record becomes a ghost, which counts for the very inode only. That is told by
// the file handle, which holds a generation number (name_to_handle_at(2)).

// ghost is the record of an inode without a name.
type ghost struct {
	record *fakeroot.Record
	handle []byte
}

// maxGhosts bounds the ghosts. The kernel frees most of their inodes at once, but
// does not say so.
const maxGhosts = 1024

// atHandleFID asks for a handle that need not be good for opening, which more file
// systems have (Linux 6.5).
const atHandleFID = 0x200

// handleOf returns the file handle of a pinned object, or nil where there is none.
func handleOf(fd int) []byte {
	for _, flags := range []int{unix.AT_EMPTY_PATH | atHandleFID, unix.AT_EMPTY_PATH} {
		if h, _, err := unix.NameToHandleAt(fd, "", flags); err == nil {
			return append([]byte{byte(h.Type())}, h.Bytes()...)
		}
	}
	return nil
}

// keyOf returns the key of a real inode.
func keyOf(st *unix.Stat_t) fakeroot.Key { return fakeroot.Key{Dev: st.Dev, Ino: st.Ino} }

// lookup returns the record of an inode that a call has just shown, or nil.
func (f *faker) lookup(s *tracer.Stop, key fakeroot.Key) *fakeroot.Record {
	r := f.db.Get(key)
	if r != nil && !f.doubtful[key] || r == nil && f.ghosts[key] == nil {
		return r
	}
	k, p := &f.k, &f.first
	k.decode(s, s.Call, s.Args)
	fd := f.pin(k, p)
	if fd < 0 {
		return nil
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || keyOf(&st) != key {
		return nil // another object has taken the name meanwhile
	}
	return f.recordOf(s, fd, &st)
}

// recordOf returns the record of a pinned inode, or nil.
func (f *faker) recordOf(s *tracer.Stop, fd int, st *unix.Stat_t) *fakeroot.Record {
	key := keyOf(st)
	if r := f.db.Get(key); r != nil {
		if !f.doubtful[key] {
			return r
		}
		if birth := birthOf(fd); birth != 0 && r.Birth != 0 && birth != r.Birth {
			f.drop(s, key)
			return nil
		}
		delete(f.doubtful, key)
		return r
	}
	g := f.ghosts[key]
	switch {
	case g == nil:
		return nil
	case !bytes.Equal(g.handle, handleOf(fd)):
		delete(f.ghosts, key)
		return nil
	case st.Nlink > 0 && st.Mode&unix.S_IFMT != unix.S_IFDIR: // it has got a name
		delete(f.ghosts, key)
		f.put(s, g.record)
	}
	return g.record
}

// birthOf returns when an inode was made, in ns since the epoch, or 0.
func birthOf(fd int) int64 {
	var st unix.Statx_t
	if unix.Statx(fd, "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, unix.STATX_BTIME, &st) != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
}

// record keeps r for a pinned inode: in the database, or as a ghost if the inode
// has no name.
func (f *faker) record(s *tracer.Stop, fd int, st *unix.Stat_t, r *fakeroot.Record) {
	if st.Nlink > 0 {
		f.put(s, r)
		return
	}
	if handle := handleOf(fd); handle != nil {
		f.haunt(r, handle)
	}
}

// haunt makes a ghost.
func (f *faker) haunt(r *fakeroot.Record, handle []byte) {
	if len(f.ghosts) >= maxGhosts {
		clear(f.ghosts)
	}
	f.ghosts[r.Key] = &ghost{record: r, handle: handle}
}
