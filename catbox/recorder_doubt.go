package catbox

import (
	"slices"
	"strings"
	"time"

	"github.com/catbox-go/catbox/catbox/record"
)

// What a program will not find is written down before the kernel looks, so that it takes
// no second stop. Meanwhile another program may create it, and the first one finds it. If
// that is possible, the record says that it did: it may name a file too much as used, but
// none too little.

// doubts are the calls that looked for something missing and may have found it.
type doubts struct {
	events   uint64
	open     map[uint64]*miss // by Stop.Thread: nothing has been seen of the thread since
	closed   []miss           // others that ended while something was being created
	creating int              // calls that create names and have not ended
}

// miss is one call that looked for what was missing.
type miss struct {
	process int
	path    string
	op      record.Op
	told    time.Time
	end     uint64 // event
}

const (
	// missAge bounds how long a thread may take from being told to go on to its walk
	// along the path. It may wait for a processor that long.
	missAge   = 100 * time.Millisecond
	maxClosed = 4096
)

// missing notes a call of a thread that will find nothing.
func (d *doubts) missing(thread uint64, process int, path string, op record.Op) {
	d.open[thread] = &miss{process: process, path: path, op: op, told: time.Now()}
}

// seen notes that a thread is at another call: that before has ended.
func (d *doubts) seen(thread uint64) {
	d.events++
	if m := d.open[thread]; m != nil {
		delete(d.open, thread)
		d.close(m)
	}
}

// ended notes the end of a process, or that none of its threads is at the call that was
// told last.
func (d *doubts) ended(process int) {
	d.events++
	for thread, m := range d.open {
		if m.process == process {
			delete(d.open, thread)
			d.close(m)
		}
	}
}

func (d *doubts) close(m *miss) {
	if d.creating == 0 || len(d.closed) >= maxClosed {
		return
	}
	m.end = d.events
	d.closed = append(d.closed, *m)
}

// begin notes the entry of a call that may create a name, and returns when that was.
func (d *doubts) begin() uint64 {
	d.creating++
	return d.events
}

// end notes the end of such a call.
func (d *doubts) end() {
	if d.creating--; d.creating == 0 {
		d.closed = d.closed[:0]
	}
}

// about returns the calls that may have found path, or what lies below it, because it was
// created by a call that began at since and has just ended.
func (d *doubts) about(path string, since uint64) []miss {
	var found []miss
	for _, m := range d.open {
		if m.under(path) && time.Since(m.told) < missAge {
			found = append(found, *m)
		}
	}
	for _, m := range d.closed {
		if m.end > since && m.under(path) {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b miss) int { return a.process - b.process })
	return found
}

func (m *miss) under(path string) bool {
	rest, ok := strings.CutPrefix(m.path, path)
	return ok && (rest == "" || rest[0] == '/')
}
