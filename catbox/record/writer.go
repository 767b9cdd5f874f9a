package record

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Options are the bounds of a [Writer]. The zero value is good for most.
type Options struct {
	// Queue is how many bytes may wait for the disk, 0 for 16 MiB. When it is full,
	// lines about files are dropped and counted. All other lines have as much again;
	// when that is full too the Writer waits.
	Queue int
	// Wait is how long the Writer waits in all, 0 for 10 s and negative for never.
	// After that the other lines are dropped as well.
	Wait time.Duration
	// Fold is how many files are kept, for all processes together, before they are
	// written; 0 for 32,768. A file needs about 300 bytes and its name.
	Fold int
	// Hash asks for the SHA-256 sums of inputs when they are first read and of
	// outputs at the end. They are computed on goroutines of the Writer.
	Hash bool
}

const (
	defaultQueue = 16 << 20
	defaultWait  = 10 * time.Second
	defaultFold  = 32 << 10

	maxReasons = 32
)

// Writer writes a record. Its methods do not wait for the disk, but as [Options]
// says, and are for one goroutine at a time.
//
// Nothing that is left out goes without a word: the last line says then that the
// record is not complete, and why.
type Writer struct {
	queue   *queue
	started time.Time
	seq     uint64
	last    int // process
	fold    fold
	hashes  *hasher
	reasons []string
	buf     []byte
}

// NewWriter begins a record of a run. Version and Started are set by it. Each line
// reaches w with one call of Write.
func NewWriter(w io.Writer, run Run, o Options) *Writer {
	if o.Queue <= 0 {
		o.Queue = defaultQueue
	}
	if o.Wait == 0 {
		o.Wait = defaultWait
	}
	if o.Fold <= 0 {
		o.Fold = defaultFold
	}
	run.Version, run.Started = Version, time.Now()
	run.Env = slices.Sorted(slices.Values(run.Env))
	rec := &Writer{queue: newQueue(w, o.Queue, o.Wait), started: run.Started}
	rec.fold = fold{limit: o.Fold, flush: rec.flush, tables: map[int]*table{}}
	if o.Hash {
		rec.hashes = newHasher(rec.queue)
	}
	rec.put(&run)
	return rec
}

// Now returns the time of the record.
func (w *Writer) Now() time.Duration { return time.Since(w.started) }

// Err returns the first error of writing, after which nothing is written any more.
func (w *Writer) Err() error { return w.queue.failed() }

// Start records the birth of a process and returns its ID. The parent is an ID as
// well, or 0.
func (w *Writer) Start(pid, parent int) int {
	w.last++
	w.put(&Start{ID: w.last, PID: pid, Parent: parent, Time: w.Now()})
	return w.last
}

// Exec records a program that was executed. Its Time is set if it is zero. The files
// need no calls of File: the program and its interpreters are recorded as executed.
func (w *Writer) Exec(e Exec) {
	if e.Time == 0 {
		e.Time = w.Now()
	}
	w.File(e.Process, e.Path, OpExecuted, 0)
	for _, i := range e.Interpreters {
		w.File(e.Process, i.Path, OpExecuted, 0)
	}
	w.put(&e)
}

// Exit records the end of a process and what it did with files. Its Time is set if it
// is zero.
func (w *Writer) Exit(e Exit) {
	if e.Time == 0 {
		e.Time = w.Now()
	}
	w.fold.end(e.Process)
	w.put(&e)
}

// File records what a process did with a path, which is absolute and canonical, or
// tried to do if errno is not 0. Links are the symbolic links on the way.
func (w *Writer) File(process int, path string, op Op, errno unix.Errno, links ...string) {
	w.seq++
	f := w.fold.file(process, path)
	w.note(f, op, errno)
	for _, link := range links {
		if !slices.ContainsFunc(f.Links, func(o Other) bool { return o.Path == link }) {
			f.Links = append(f.Links, Other{w.seq, link})
			w.fold.grow(1)
		}
	}
	if w.hashes != nil && errno == 0 {
		w.hashes.saw(path, op)
	}
	w.fold.bound(process)
}

// note adds one time to what is known.
func (w *Writer) note(f *File, op Op, errno unix.Errno) {
	now := Span{w.seq, w.seq}
	switch errno {
	case 0:
		f.Ops[op].add(now)
		return
	case unix.ENOENT, unix.ENOTDIR:
		f.Ops[OpMissing].add(now)
		if op == OpExecuted {
			f.Ops[OpSought].add(now)
		}
	case unix.EEXIST:
		f.Ops[OpLookedAt].add(now)
	default:
		f.Ops[OpFailed].add(now)
	}
	if name := ErrnoName(errno); !slices.Contains(f.Errnos, name) {
		f.Errnos = append(f.Errnos, name)
	}
}

// Rename records that a name was given up for another one. Both are canonical.
func (w *Writer) Rename(process int, from, to string) {
	w.seq++
	w.move(process, from, to)
	if w.hashes != nil {
		w.hashes.moved(from, to)
	}
	w.fold.bound(process)
}

// Exchange records that two names were exchanged (RENAME_EXCHANGE of rename(2)).
func (w *Writer) Exchange(process int, a, b string) {
	w.seq++
	w.move(process, a, b)
	w.move(process, b, a)
	if w.hashes != nil {
		w.hashes.exchanged(a, b)
	}
	w.fold.bound(process)
}

func (w *Writer) move(process int, from, to string) {
	now := Span{w.seq, w.seq}
	f := w.fold.file(process, from)
	f.Ops[OpRenamedFrom].add(now)
	f.To = append(f.To, Other{w.seq, to})
	f = w.fold.file(process, to)
	f.Ops[OpRenamedTo].add(now)
	f.From = append(f.From, Other{w.seq, from})
	w.fold.grow(2)
}

// Network records an attempt of a process to reach somebody by a call, and its error,
// or 0.
func (w *Writer) Network(process int, call, address string, errno unix.Errno) {
	w.seq++
	w.put(&Network{Process: process, Call: call, Address: address, Errno: ErrnoName(errno), Seq: w.seq})
}

// Violation records a call that the policy refused.
func (w *Writer) Violation(v Violation) { w.put(&v) }

// Owner records faked ownership.
func (w *Writer) Owner(o Owner) { w.put(&o) }

// Incomplete says that something is missing in the record, and why.
func (w *Writer) Incomplete(reason string) {
	if !slices.Contains(w.reasons, reason) && len(w.reasons) < maxReasons {
		w.reasons = append(w.reasons, reason)
	}
}

// Close ends the record, with the status of the command, and returns the first error
// of writing. It waits until everything is hashed and written.
func (w *Writer) Close(status Status) error {
	w.fold.all()
	if w.hashes != nil {
		for _, reason := range w.hashes.close() {
			w.Incomplete(reason)
		}
	}
	end := End{Status: status, Processes: w.last, Time: w.Now()}
	var encode error
	err := w.queue.close(func(files, others int) []byte {
		if files > 0 {
			w.Incomplete(fmt.Sprintf("%d lines about files were dropped, because the disk was too slow", files))
		}
		if others > 0 {
			w.Incomplete(fmt.Sprintf("%d lines about processes were dropped, because the disk was too slow", others))
		}
		end.Reasons = w.reasons
		end.Complete = len(w.reasons) == 0
		var line []byte
		line, encode = appendEvent(nil, &end)
		return line
	})
	return errors.Join(err, encode)
}

// flush writes what a process did with some files.
func (w *Writer) flush(files *Files) {
	w.buf = append(appendFiles(w.buf[:0], files), '\n')
	w.queue.put(slices.Clone(w.buf), droppable)
}

// put writes a line that is not about files.
func (w *Writer) put(e Event) {
	line, err := appendEvent(nil, e)
	if err != nil {
		w.Incomplete("a line could not be encoded: " + err.Error())
		return
	}
	w.queue.put(line, awaited)
}
