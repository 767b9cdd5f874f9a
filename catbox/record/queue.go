package record

import (
	"io"
	"sync"
	"time"
)

// queue hands lines to a goroutine that writes them, so that a slow disk does not hold
// up who makes them. Its memory is bounded: a line that may be dropped is dropped when
// the queue is full. The others have as much room again for themselves; when that is
// full too, put waits, in all calls together no longer than the budget.
type queue struct {
	w     io.Writer
	limit int

	mu      sync.Mutex
	lines   [][]byte
	bytes   int // of lines, and of those that are being written
	closed  bool
	err     error         // of the first write that failed; nothing is written after it
	budget  time.Duration // that is left for waiting
	dropped struct{ files, others int }

	wake  chan struct{} // there are lines, or closed is set
	hurry chan struct{} // there is no time to gather more
	room  chan struct{} // bytes is less
	done  chan struct{} // everything is written
}

func newQueue(w io.Writer, limit int, budget time.Duration) *queue {
	q := &queue{w: w, limit: limit, budget: budget,
		wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), room: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// patience says what happens to a line when the queue is full.
type patience uint8

const (
	droppable patience = iota // it is dropped
	awaited                   // it has room of its own, and is waited for as long as the budget lasts
	patient                   // it is waited for
)

// put queues a line, which it keeps.
func (q *queue) put(line []byte, p patience) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.err != nil || q.closed:
		return
	case p == droppable && q.bytes+len(line) > q.limit:
		q.dropped.files++
		return
	case p != droppable && !q.wait(len(line), p):
		q.dropped.others++
		return
	}
	q.lines = append(q.lines, line)
	q.bytes += len(line)
	signal(q.wake)
	if q.bytes > q.limit/2 {
		signal(q.hurry)
	}
}

// gatherTime is how long the first line that comes waits for others. To wake a goroutine
// for each would cost a build more than the lines themselves.
const gatherTime = 10 * time.Millisecond

// wait waits until there is room for n bytes. An empty queue takes any line.
//
// Preconditions: q.mu is held.
func (q *queue) wait(n int, p patience) bool {
	for q.bytes > 0 && q.bytes+n > 2*q.limit && q.err == nil {
		if p == patient {
			q.mu.Unlock()
			<-q.room
			q.mu.Lock()
			continue
		}
		if q.budget <= 0 {
			return false
		}
		q.mu.Unlock()
		begin := time.Now()
		timer := time.NewTimer(q.budget)
		select {
		case <-q.room:
		case <-timer.C:
		}
		timer.Stop()
		q.mu.Lock()
		q.budget -= time.Since(begin)
	}
	return q.err == nil
}

// run writes each line with one call, so that a kill cuts the last one at most.
func (q *queue) run() {
	defer close(q.done)
	for {
		q.mu.Lock()
		lines, closed := q.lines, q.closed
		q.lines = nil
		q.mu.Unlock()
		if len(lines) == 0 {
			if closed {
				return
			}
			<-q.wake
			q.gather()
			continue
		}
		for _, line := range lines {
			q.write(line)
		}
	}
}

// gather waits for more lines.
func (q *queue) gather() {
	timer := time.NewTimer(gatherTime)
	select {
	case <-q.hurry:
	case <-timer.C:
	}
	timer.Stop()
	select {
	case <-q.wake: // of the lines that have come meanwhile
	default:
	}
}

func (q *queue) write(line []byte) {
	var err error
	if q.failed() == nil {
		_, err = q.w.Write(line)
	}
	q.mu.Lock()
	if q.err == nil {
		q.err = err
	}
	q.bytes -= len(line)
	q.mu.Unlock()
	signal(q.room)
}

// failed returns the error of the first write that failed.
func (q *queue) failed() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

// close writes what is queued, however long that takes, and then the last line.
func (q *queue) close(last func(files, others int) []byte) error {
	q.mu.Lock()
	q.closed = true
	files, others := q.dropped.files, q.dropped.others
	q.mu.Unlock()
	signal(q.hurry)
	signal(q.wake)
	<-q.done
	q.write(last(files, others))
	return q.failed()
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
