package record

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tests/harness"
)

// TestVerify runs a build again with everything hidden that its record does not name,
// as it was and with a source file that it did not use before.
func TestVerify(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; without -short")
	}
	harness.Need(t, "make", "make")
	harness.Need(t, "gcc", "gcc libc6-dev")
	b := builds()[0]
	w := newWorld(t, b.source)
	for _, level := range b.levels {
		w.recorded(t, level, b.script)
		t.Run(string(level)+"/as it was", func(t *testing.T) {
			w.verify(t, level, 0, `catbox: verified: `)
		})
	}
	t.Run("with another file", func(t *testing.T) {
		source := filepath.Join(w.pristine, "src", "greet.h")
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(source, append(text, "#include \"extra.h\"\n"...), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.pristine, "src", "extra.h"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		w.fresh(t)
		w.run(t, b.script, "env")
		w.verify(t, record.LevelAll, 1, `the first one first:\ncatbox:   openat \S+/src/extra\.h, by \S+cc1 `)
	})
	t.Run("what it made is there", func(t *testing.T) {
		if out, status := w.exec(t, w.catbox, "run", "-p", w.dir, "--private-tmp=false", "-c", b.script); status != 0 {
			t.Fatalf("exit status %d\n%s", status, out)
		}
		out, status := w.exec(t, w.catbox, "deps", "--verify", w.log(record.LevelAll))
		if want := regexp.MustCompile(`^catbox: error: \S+ is there already`); status != 1 || !want.MatchString(out) {
			t.Errorf("exit status %d\n%s", status, out)
		}
	})
}

// verify verifies a record in a fresh copy of the source.
func (w *world) verify(t *testing.T, level record.Level, want int, says string) {
	t.Helper()
	w.fresh(t)
	out, status := w.exec(t, w.catbox, "deps", "--verify", w.log(level))
	if status != want || !regexp.MustCompile(says).MatchString(out) {
		t.Errorf("exit status %d, want %d and %s\n%s", status, want, says, out)
	}
}
