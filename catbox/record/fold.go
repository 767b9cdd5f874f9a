package record

import (
	"maps"
	"slices"
)

const (
	maxTable = 4096 // files that are kept of one process
	maxEntry = 256  // files of one line
	maxSpare = 8    // tables that are kept to be used again
)

// fold gathers what each process does with each path until it is written.
type fold struct {
	limit  int // of files of all processes
	flush  func(*Files)
	tables map[int]*table
	total  int
	spare  []*table
}

// table is what one process did, in order of the first time.
type table struct {
	index map[string]int
	files []File
}

// file returns the entry of a path, which is good until the next call.
func (f *fold) file(process int, path string) *File {
	t := f.tables[process]
	if t == nil {
		t = f.fresh()
		f.tables[process] = t
	}
	at, ok := t.index[path]
	if !ok {
		at = len(t.files)
		t.index[path] = at
		t.files = append(t.files, File{Path: path})
		f.total++
	}
	return &t.files[at]
}

// grow counts what an entry has grown by. The table of the process is not asked: what
// matters is the sum.
func (f *fold) grow(n int) { f.total += n }

// bound writes the files of the process, or all, if they have become too many.
func (f *fold) bound(process int) {
	if f.total >= f.limit {
		f.all()
		return
	}
	if t := f.tables[process]; len(t.files) >= maxTable {
		f.end(process)
	}
}

// all writes everything, in order of processes.
func (f *fold) all() {
	for _, process := range slices.Sorted(maps.Keys(f.tables)) {
		f.end(process)
	}
	f.total = 0
}

// end writes the files of a process and forgets them.
func (f *fold) end(process int) {
	t := f.tables[process]
	if t == nil {
		return
	}
	delete(f.tables, process)
	for part := range slices.Chunk(t.files, maxEntry) {
		f.flush(&Files{Process: process, Entries: part})
	}
	for i := range t.files {
		f.total -= 1 + len(t.files[i].Links) + len(t.files[i].From) + len(t.files[i].To)
	}
	f.release(t)
}

func (f *fold) fresh() *table {
	if n := len(f.spare); n > 0 {
		t := f.spare[n-1]
		f.spare = f.spare[:n-1]
		return t
	}
	return &table{index: map[string]int{}}
}

func (f *fold) release(t *table) {
	if len(f.spare) == maxSpare {
		return
	}
	clear(t.index)
	clear(t.files)
	t.files = t.files[:0]
	f.spare = append(f.spare, t)
}
