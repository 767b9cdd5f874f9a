package fakeroot

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/catbox-go/catbox/tests/harness"
)

// TestModel compares what a 64-bit program sees.
func TestModel(t *testing.T) {
	t.Parallel()
	compare(t, command(t), count(), whole)
}

// TestModel32 compares what a 32-bit program sees, in fewer sequences.
func TestModel32(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("needs a machine that runs i386 programs: amd64")
	}
	compare(t, command(t, "-m32"), count()/3, whole)
}

// TestModelSaved compares what programs see that go on in another run, with what the
// first one has saved.
func TestModelSaved(t *testing.T) {
	t.Parallel()
	compare(t, command(t), count()/6, halved)
}

// TestModelTogether compares what several processes see that work side by side, each in
// directories of its own: they take turns with the numbers of inodes.
func TestModelTogether(t *testing.T) {
	t.Parallel()
	compare(t, append(command(t), "4"), count()/3, whole)
}

// TestModelRepeats shows that the guest says the same each time, so that what differs
// is never chance.
func TestModelRepeats(t *testing.T) {
	t.Parallel()
	args := command(t)
	all := sequencesOf(t, 0, count()/10)
	first, second := native(t, args, all), native(t, args, all)
	for i := range all {
		if first[i] != second[i] {
			t.Fatalf("sequence %d:\n%s\ntwice:\n%s", i, strings.Join(all[i], "\n"), changes(first[i], second[i]))
		}
	}
}

// command returns how the guest is started, compiled with flags. The test is skipped
// without root, who is the measure.
func command(t *testing.T, flags ...string) []string {
	t.Helper()
	needKernel(t)
	capabilities := needRoot(t)
	return []string{harness.Fakeroot(t, programDir(), flags...), fmt.Sprintf("%#x", capabilities)}
}

func count() int {
	if testing.Short() {
		return *sequences / 4
	}
	return *sequences
}

// batch is how many sequences one process carries out.
const batch = 250

// finding is a sequence that differs, and how.
type finding struct {
	sequence
	changes string
}

// whole leaves a sequence to one run, halved divides it between two.
func whole(s sequence) sequence { return s }

func halved(s sequence) sequence {
	at := len(s) / 2
	if s.begins() {
		return slices.Insert(s, max(at, len(openly)), rerun, openly[0])
	}
	return slices.Insert(s, at, rerun)
}

// compare runs sequences on both sides, each one changed before.
func compare(t *testing.T, args []string, count int, change func(sequence) sequence) {
	t.Helper()
	differing := make([][]finding, (count+batch-1)/batch)
	t.Run("batches", func(t *testing.T) {
		for i := range differing {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				all := sequencesOf(t, i*batch, min(count, (i+1)*batch))
				for j := range all {
					all[j] = change(all[j])
				}
				want, got := both(t, args, all)
				for j := range all {
					if want[j] != got[j] {
						differing[i] = append(differing[i], finding{all[j], changes(want[j], got[j])})
					}
				}
			})
		}
	})
	found, told := 0, map[string]bool{}
	for _, f := range slices.Concat(differing...) {
		if found++; len(told) < *reported && found <= 4**reported {
			report(t, args, f, told)
		}
	}
	if found > 0 {
		t.Errorf("%d of %d sequences differ (seed %d)", found, count, *seed)
	}
}

func sequencesOf(t *testing.T, from, to int) []sequence {
	t.Helper()
	var all []sequence
	patterns := exceptions()
	for number := from; number < to; number++ {
		all = append(all, generate(*seed, number, patterns))
	}
	return all
}

// both runs the sides at the same time.
func both(t testing.TB, args []string, all []sequence) (want, got []string) {
	t.Helper()
	var wait sync.WaitGroup
	wait.Go(func() { want = native(t, args, all) })
	got = faked(t, args, all)
	wait.Wait()
	return want, got
}

// report cuts a sequence down and shows what differs, unless a sequence of the same
// kind has been told of before.
func report(t *testing.T, args []string, f finding, told map[string]bool) {
	t.Helper()
	s, note := shrink(t, args, f.sequence), ""
	if want, got := both(t, args, []sequence{s}); want[0] != got[0] {
		f.changes = changes(want[0], got[0])
	} else {
		note = ", behind the sequences before it"
	}
	var kind string // the names of the operations
	for _, op := range s {
		name, _, _ := strings.Cut(op, " ")
		kind += name + " "
	}
	if told[kind] {
		return
	}
	told[kind] = true
	t.Errorf("these operations%s:\n\t%s\nas real root (-) and with faked ownership (+):\n%s", note, strings.Join(s, "\n\t"), f.changes)
}
