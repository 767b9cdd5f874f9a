package fakeroot

import (
	"iter"
	"maps"
	"slices"
)

// DB is a set of records, one for each inode. The zero value is empty and ready, and
// a nil DB can be read. It is not safe for concurrent use.
type DB struct{ records map[Key]*Record }

// New returns an empty DB.
func New() *DB { return &DB{} }

// Get returns the record of an inode, or nil: nothing is faked about it. It does not
// know whether the inode is still the one that the record is about, see [DB.Find].
func (db *DB) Get(key Key) *Record {
	if db == nil {
		return nil
	}
	return db.records[key]
}

// Len returns the number of records.
func (db *DB) Len() int {
	if db == nil {
		return 0
	}
	return len(db.records)
}

// All iterates over the records, sorted by their keys.
func (db *DB) All() iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		if db == nil {
			return
		}
		for _, key := range slices.SortedFunc(maps.Keys(db.records), Key.Compare) {
			if !yield(db.records[key]) {
				return
			}
		}
	}
}

// Put sets the record of an inode, in the place of the one it had.
func (db *DB) Put(r *Record) {
	if db.records == nil {
		db.records = make(map[Key]*Record)
	}
	db.records[r.Key] = r
}

// Remove forgets what is faked about an inode, if anything is.
func (db *DB) Remove(key Key) { delete(db.records, key) }
