package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// disk is a writer that stands still until it is let go.
type disk struct {
	bytes.Buffer
	gate   chan struct{}
	writes int
	fail   error // of the third write and later ones
}

func (d *disk) Write(p []byte) (int, error) {
	<-d.gate
	d.writes++
	if d.fail != nil && d.writes > 2 {
		return 0, d.fail
	}
	return d.Buffer.Write(p)
}

// TestSlowDisk stops the disk: the writer drops what is about files, waits no longer
// than it may, and says so.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{gate: make(chan struct{})}
		const limit = 4096
		w := NewWriter(d, Run{}, Options{Queue: limit, Fold: 1, Wait: time.Minute})
		begin := time.Now()
		for i := range 1000 {
			w.File(1, fmt.Sprintf("/%0100d", i), OpRead, 0)
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("files were waited for: %v", waited)
		}
		for range 1000 {
			w.Start(1, 0)
		}
		if waited := time.Since(begin); waited != time.Minute {
			t.Errorf("waited %v, want a minute in all", waited)
		}
		if held := w.queue.bytes; held > 2*limit {
			t.Errorf("%d bytes are held, want at most %d", held, 2*limit)
		}
		close(d.gate)
		if err := w.Close(Status{}); err != nil {
			t.Fatal(err)
		}
		b, err := Load(&d.Buffer)
		if err != nil {
			t.Fatal(err)
		}
		end := b.End
		if end.Complete || end.Cut || len(end.Reasons) != 2 || end.Processes != 1000 {
			t.Fatalf("end: %+v", end)
		}
		files, others := number(end.Reasons[0]), number(end.Reasons[1])
		if files+len(b.Paths) != 1000 || others+len(b.Processes) != 1000 || files <= 0 || others <= 0 {
			t.Errorf("%d paths and %d processes are there, and %q", len(b.Paths), len(b.Processes), end.Reasons)
		}
	})
}

// number is the one that a text begins with, or -1.
func number(text string) int {
	digits, _, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return n
}

// TestWait lets a disk go on while the writer waits for it: nothing about processes is
// lost.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{gate: make(chan struct{})}
		w := NewWriter(d, Run{}, Options{Queue: 1024, Wait: time.Minute})
		go func() {
			time.Sleep(time.Second) // of the bubble: when the writer waits
			close(d.gate)
		}()
		for range 100 {
			w.Start(1, 0)
		}
		if err := w.Close(Status{}); err != nil {
			t.Fatal(err)
		}
		b, err := Load(&d.Buffer)
		if err != nil {
			t.Fatal(err)
		}
		if !b.End.Complete || len(b.Processes) != 100 {
			t.Errorf("%d processes, end %+v", len(b.Processes), b.End)
		}
	})
}

func TestWriteError(t *testing.T) {
	d := &disk{gate: make(chan struct{}), fail: unix.ENOSPC}
	close(d.gate)
	w := NewWriter(d, Run{}, Options{Queue: 64})
	for range 100 {
		w.Start(1, 0)
	}
	if err := w.Close(Status{}); !errors.Is(err, unix.ENOSPC) || !errors.Is(w.Err(), unix.ENOSPC) {
		t.Errorf("close: %v, Err: %v", err, w.Err())
	}
	if d.writes != 3 {
		t.Errorf("%d writes, want none after the one that failed", d.writes)
	}
}

// TestOneWrite holds that each line is one call.
func TestOneWrite(t *testing.T) {
	d := &disk{gate: make(chan struct{})}
	close(d.gate)
	w := NewWriter(d, Run{}, Options{})
	for i := range 1000 {
		w.File(1, fmt.Sprint("/", i), OpRead, 0)
	}
	if err := w.Close(Status{}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(d.String(), "\n"); d.writes != lines || lines != 6 {
		t.Errorf("%d writes, %d lines, want 6: the run, four of files, the end", d.writes, lines)
	}
}

// TestBounded keeps a small table only, whatever comes.
func TestBounded(t *testing.T) {
	d := &disk{gate: make(chan struct{})}
	close(d.gate)
	const limit = 100
	w := NewWriter(d, Run{}, Options{Fold: limit, Queue: 1 << 30})
	most := 0
	for i := range 10_000 {
		w.File(i%50, fmt.Sprint("/", i), OpRead, 0, fmt.Sprint("/l", i))
		w.Rename(3, "/a", fmt.Sprint("/b", i))
		held := 0
		for _, t := range w.fold.tables {
			for i := range t.files {
				held += 1 + len(t.files[i].Links) + len(t.files[i].From) + len(t.files[i].To)
			}
		}
		if held != w.fold.total {
			t.Fatalf("counted %d, held %d", w.fold.total, held)
		}
		most = max(most, held)
	}
	if err := w.Close(Status{}); err != nil {
		t.Fatal(err)
	}
	if most > limit {
		t.Errorf("%d files are held, want at most %d", most, limit)
	}
	b, err := Load(&d.Buffer)
	if err != nil || len(b.Paths) != 10_000*3+1 {
		t.Errorf("%d paths, error %v", len(b.Paths), err)
	}
}

func TestIncomplete(t *testing.T) {
	var buf bytes.Buffer
	w := NewWriter(&buf, Run{}, Options{})
	for i := range 100 {
		w.Incomplete(fmt.Sprint("reason ", i))
		w.Incomplete("reason 0")
	}
	if err := w.Close(Status{}); err != nil {
		t.Fatal(err)
	}
	end := one[*End](t, events(t, &buf))
	if end.Complete || len(end.Reasons) != maxReasons || end.Reasons[1] != "reason 1" {
		t.Errorf("%+v", end)
	}
}

func TestHashes(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"in", "out", "changed", "new/f"} {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(at("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("in", at("link")); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := NewWriter(&buf, Run{}, Options{Hash: true})
	for _, name := range []string{"in", "in", "fifo", "link", "gone", "changed"} {
		w.File(1, at(name), OpRead, 0)
	}
	w.File(1, at("denied"), OpRead, unix.EACCES)
	w.File(1, at("temporary"), OpCreated, 0)
	w.File(1, at("temporary"), OpRead, 0)
	w.File(1, at("temporary"), OpDeleted, 0)
	w.File(1, at("out.tmp"), OpCreated, 0)
	w.Rename(1, at("out.tmp"), at("out"))
	w.File(2, at("out"), OpRead, 0)
	w.File(1, at("old"), OpCreated, 0)
	w.File(1, at("old/f"), OpCreated, 0)
	w.Rename(1, at("old"), at("new"))
	w.File(1, at("changed"), OpWritten, 0)
	if err := w.Close(Status{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events(t, &buf) {
		if h, ok := e.(*Hash); ok {
			got = append(got, h.When+" "+strings.TrimPrefix(h.Path, dir)+" "+h.SHA256+h.Error+fmt.Sprint(" ", h.Size))
		}
	}
	slices.Sort(got)
	sum := func(when, name string) string {
		s := sha256.Sum256([]byte(name))
		return when + " /" + name + " " + hex.EncodeToString(s[:]) + fmt.Sprint(" ", len(name))
	}
	want := []string{sum(Input, "changed"), sum(Input, "in"), sum(Output, "changed"), sum(Output, "new/f"), sum(Output, "out")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestHashError says why a file has no sum.
func TestHashError(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read every file")
	}
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, nil, 0); err != nil {
		t.Fatal(err)
	}
	if h := hashFile(name, Input, make([]byte, 10)); h == nil || h.Error != "permission denied" || h.SHA256 != "" {
		t.Errorf("%+v", h)
	}
}

// TestMadeIsCounted holds the bound of what is kept for the outputs to what is there.
func TestMadeIsCounted(t *testing.T) {
	var buf bytes.Buffer
	w := NewWriter(&buf, Run{}, Options{Hash: true})
	for range 100 {
		w.File(1, "/nowhere/t", OpCreated, 0)
		w.Rename(1, "/nowhere/t", "/nowhere/f")
		w.Exchange(1, "/nowhere/f", "/nowhere/g")
		w.File(1, "/nowhere/x", OpWritten, 0)
		w.File(1, "/nowhere/x", OpDeleted, 0)
	}
	if w.hashes.names != 2 {
		t.Errorf("%d names are counted, want 2", w.hashes.names)
	}
	if err := w.Close(Status{}); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkFile(b *testing.B) {
	paths := make([]string, 200)
	for i := range paths {
		paths[i] = fmt.Sprintf("/usr/include/x86_64-linux-gnu/bits/header-%d.h", i)
	}
	w := NewWriter(io.Discard, Run{}, Options{Queue: 1 << 40})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.File(i/1000, paths[i%len(paths)], OpRead, 0)
		if i%1000 == 999 {
			w.Exit(Exit{Process: i / 1000})
		}
	}
}
