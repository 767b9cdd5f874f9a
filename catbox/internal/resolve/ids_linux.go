package resolve

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ids returns the process and the thread of the tracee in the caller's numbers.
func (w *walk) ids() (tgid, tid int, err error) {
	if w.req.Tid == 0 {
		return os.Getpid(), unix.Gettid(), nil
	}
	if w.req.Tgid != 0 {
		return w.req.Tgid, w.req.Tid, nil
	}
	status, err := readStatus(w.r.proc, strconv.Itoa(w.req.Tid))
	if err != nil {
		return 0, 0, err
	}
	all := statusNumbers(status, "Tgid")
	if len(all) != 1 {
		return 0, 0, fmt.Errorf("read process of thread %d: %w", w.req.Tid, unix.ENODATA)
	}
	return all[0], w.req.Tid, nil
}

// foreignIDs returns the numbers that the tracee has in the procfs whose root is
// cur, another instance than the caller's. A process has one number for each pid
// namespace from the caller's down to its own (proc_pid_status(5), NStgid); the
// one that names the same process there is right. A process without a number in
// that namespace has no "self".
func (w *walk) foreignIDs(tgid, tid int) (int, int, error) {
	ours, err := readStatus(w.r.proc, strconv.Itoa(tgid))
	if err != nil {
		return 0, 0, err
	}
	thread, err := readStatus(w.r.proc, strconv.Itoa(tid))
	if err != nil {
		return 0, 0, err
	}
	ns, err := pidNamespace(w.r.proc, tgid)
	if err != nil {
		return 0, 0, err
	}
	tgids, tids := statusNumbers(ours, "NStgid"), statusNumbers(thread, "NSpid")
	if len(tgids) == 0 || len(tgids) != len(tids) {
		return 0, 0, fmt.Errorf("read numbers of process %d: %w", tgid, unix.ENODATA)
	}
	for i, n := range tgids {
		theirs, err := readStatus(w.cur, strconv.Itoa(n))
		if err != nil {
			continue
		}
		got := statusNumbers(theirs, "NStgid")
		if len(got) != len(tgids)-i || got[len(got)-1] != tgids[len(tgids)-1] {
			continue
		}
		other, err := pidNamespace(w.cur, n)
		if err != nil {
			return 0, 0, err
		}
		if other == ns {
			return n, tids[i], nil
		}
	}
	return 0, 0, answer(unix.ENOENT)
}

// pidNamespace returns the inode of the pid namespace that the process pid of the
// procfs proc belongs to.
func pidNamespace(proc, pid int) (uint64, error) {
	var st unix.Stat_t
	path := strconv.Itoa(pid) + "/ns/pid"
	if e := fstatat(proc, append([]byte(path), 0), &st, 0); e != 0 {
		return 0, fmt.Errorf("stat /proc/%s: %w", path, e)
	}
	return st.Ino, nil
}

// readStatus reads the file "status" of the process pid of the procfs proc.
func readStatus(proc int, pid string) ([]byte, error) {
	fd, e := openat(proc, []byte(pid+"/status\x00"), unix.O_RDONLY|unix.O_CLOEXEC)
	if e != 0 {
		return nil, fmt.Errorf("open /proc/%s/status: %w", pid, e)
	}
	f := os.NewFile(uintptr(fd), "status")
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		return nil, fmt.Errorf("read /proc/%s/status: %w", pid, err)
	}
	return b.Bytes(), nil
}

// statusNumbers returns the numbers of one line of a status file, nil if there is
// no such line. The file holds the process's own name, with newlines escaped.
func statusNumbers(status []byte, field string) []int {
	for line := range bytes.Lines(status) {
		key, value, ok := bytes.Cut(line, []byte{':'})
		if !ok || string(key) != field {
			continue
		}
		var out []int
		for _, f := range bytes.Fields(value) {
			n, err := strconv.Atoi(string(f))
			if err != nil {
				return nil
			}
			out = append(out, n)
		}
		return out
	}
	return nil
}
