package record

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tests/harness"
)

// TestClasses compares what a record says about inputs, outputs, temporaries and missing
// files with the files themselves, before and after the build.
func TestClasses(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.name, func(t *testing.T) {
			if testing.Short() && !b.quick {
				t.Skip("one build is enough")
			}
			w := newWorld(t, b.source)
			before := map[string]bool{}
			for _, name := range w.fresh(t) {
				before[name] = true
			}
			build := w.load(t, record.LevelAll, b.script)
			w.left(t, build, before)
			w.claimed(t, build, before)
		})
	}
}

// load runs a build with a record, in the copy that is there, and reads it.
func (w *world) load(t *testing.T, level record.Level, script string) *record.Build {
	t.Helper()
	log := filepath.Join(w.logs, "build.jsonl")
	w.run(t, script, w.catbox, "run", "--record", log, "--record-level", string(level), "--private-tmp=false", "-p", w.dir, "--")
	return harness.Record(t, log)
}

// left wants what the build has made or changed to be outputs.
func (w *world) left(t *testing.T, b *record.Build, before map[string]bool) {
	t.Helper()
	count := 0
	err := filepath.WalkDir(w.dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		changed := !before[name]
		if before[name] && entry.Type().IsRegular() {
			now, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			then, err := os.ReadFile(filepath.Join(w.pristine, strings.TrimPrefix(name, w.dir)))
			if err != nil {
				return err
			}
			changed = !bytes.Equal(then, now)
		}
		if !changed {
			return nil
		}
		count++
		if p := b.Path(name); p == nil || p.Class&record.ClassOutput == 0 {
			t.Errorf("%s is there because of the build and no output", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count == 0 {
		t.Error("the build has left nothing")
	}
}

// claimed wants what has a class to be as the class says.
func (w *world) claimed(t *testing.T, b *record.Build, before map[string]bool) {
	t.Helper()
	counts := map[record.Class]int{}
	for _, p := range b.Paths {
		_, err := os.Lstat(p.Name)
		gone := errors.Is(err, fs.ErrNotExist) || err != nil && strings.Contains(err.Error(), "not a directory")
		isInside := strings.HasPrefix(p.Name, w.dir+"/")
		for _, c := range []struct {
			class record.Class
			good  bool
			what  string
		}{
			{record.ClassInput, !isInside || before[p.Name], "was not there before"},
			{record.ClassOutput, !gone, "is not there"},
			{record.ClassTemporary, gone, "is there"},
			{record.ClassMissing, gone, "is there"},
			{record.ClassRemoved, gone && (!isInside || before[p.Name]), "is there, or was not"},
		} {
			if p.Class&c.class == 0 {
				continue
			}
			counts[c.class]++
			if !c.good {
				t.Errorf("%s is said to be %v, but it %s", p.Name, c.class.Strings(), c.what)
			}
		}
	}
	if counts[record.ClassInput] == 0 || counts[record.ClassOutput] == 0 || counts[record.ClassMissing] == 0 {
		t.Errorf("classes are empty: %v", counts)
	}
}
