package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	hashWorkers = 2
	maxJobs     = 64 << 10 // inputs that wait to be hashed
	maxHashed   = 1 << 20  // different inputs
	maxMade     = 1 << 20  // names that the run has made and that are still there
)

// hasher computes sums on goroutines of its own: of each input once, and at the end
// of what the run has left.
type hasher struct {
	queue *queue
	jobs  chan string
	group sync.WaitGroup

	seeds [2]maphash.Seed
	seen  map[[2]uint64]struct{} // inputs, by two sums of their names
	made  node[bool]             // what is there because of the run
	names int                    // of made
	lost  int
}

func newHasher(q *queue) *hasher {
	h := &hasher{queue: q, jobs: make(chan string, maxJobs), seen: map[[2]uint64]struct{}{},
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	h.work(h.jobs, Input)
	return h
}

// work starts goroutines that hash what the channel gives.
func (h *hasher) work(jobs <-chan string, when string) {
	for range hashWorkers {
		h.group.Go(func() {
			buf := make([]byte, 128<<10)
			for path := range jobs {
				if sum := hashFile(path, when, buf); sum != nil {
					h.put(sum)
				}
			}
		})
	}
}

func (h *hasher) put(sum *Hash) {
	if line, err := appendEvent(nil, sum); err == nil {
		h.queue.put(line, patient)
	}
}

// saw is told of everything that succeeded.
func (h *hasher) saw(path string, op Op) {
	if !isPath(path) || IsKernelPath(path) {
		return
	}
	switch op {
	case OpCreated, OpWritten:
		h.make(path)
	case OpDeleted:
		h.forget(path)
	case OpRead, OpExecuted:
		if n := h.made.find(path); n == nil || !n.v {
			h.input(path)
		}
	}
}

func isMade(made bool) bool { return made }

func (h *hasher) make(path string) {
	if n := h.made.find(path); n != nil && n.v {
		return
	}
	if h.names == maxMade {
		h.lost++
		return
	}
	h.made.make(path).v = true
	h.names++
}

func (h *hasher) forget(path string) {
	if n := h.made.take(path, isMade); n != nil {
		n.walk("", func(_ string, made *bool) {
			if *made {
				h.names--
			}
		})
	}
}

func (h *hasher) input(path string) {
	key := [2]uint64{maphash.String(h.seeds[0], path), maphash.String(h.seeds[1], path)}
	if _, ok := h.seen[key]; ok {
		return
	}
	if len(h.seen) == maxHashed {
		h.lost++
		return
	}
	select {
	case h.jobs <- path:
		h.seen[key] = struct{}{}
	default: // perhaps the next time
		h.lost++
	}
}

// moved is told of renames, of directories as well.
func (h *hasher) moved(from, to string) {
	if n := h.made.take(from, isMade); n != nil {
		h.forget(to)
		h.made.put(to, n)
	} else {
		h.make(to)
	}
}

// exchanged is told of two names that were exchanged.
func (h *hasher) exchanged(a, b string) {
	first, second := h.made.take(a, isMade), h.made.take(b, isMade)
	for _, m := range []struct {
		path string
		n    *node[bool]
	}{{b, first}, {a, second}} {
		if m.n != nil {
			h.made.put(m.path, m.n)
		}
		h.make(m.path)
	}
}

// close waits for the inputs, hashes the outputs and says what is missing.
func (h *hasher) close() []string {
	close(h.jobs)
	h.group.Wait()
	var paths []string
	h.made.walk("", func(path string, made *bool) {
		if *made {
			paths = append(paths, path)
		}
	})
	slices.Sort(paths)
	jobs := make(chan string)
	h.work(jobs, Output)
	for _, path := range paths {
		jobs <- path
	}
	close(jobs)
	h.group.Wait()
	if h.lost > 0 {
		return []string{fmt.Sprintf("%d times a file was not hashed, because there were too many", h.lost)}
	}
	return nil
}

// IsKernelPath reports whether a path is below /proc, /sys or /dev, where what is read
// is no file of a build.
func IsKernelPath(path string) bool {
	for _, dir := range []string{"/proc", "/sys", "/dev"} {
		if rest, ok := strings.CutPrefix(path, dir); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

// hashFile returns the sum of a regular file, nil for what is none or is gone.
func hashFile(path, when string, buf []byte) *Hash {
	// Opening a device can have effects, so look first; and again, because what has
	// the name may be another one by then.
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	sum := &Hash{Path: path, When: when}
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ELOOP):
		return nil
	case err != nil:
		sum.Error = reason(err)
		return sum
	}
	defer file.Close()
	before, err := file.Stat()
	if err == nil && !before.Mode().IsRegular() {
		return nil
	}
	digest := sha256.New()
	if err == nil {
		// No more than there is now: a file may grow without end.
		sum.Size, err = io.CopyBuffer(struct{ io.Writer }{digest}, io.LimitReader(file, before.Size()), buf)
	}
	if err != nil {
		sum.Error = reason(err)
		return sum
	}
	if after, err := file.Stat(); err != nil || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		sum.Error = "it changed while it was read"
		return sum
	}
	sum.SHA256 = hex.EncodeToString(digest.Sum(nil))
	return sum
}

func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}
