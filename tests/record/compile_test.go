package record

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/formats"
	"github.com/catbox-go/catbox/tests/harness"
)

// TestCompileCommands makes compile_commands.json of a record and lets Bear make one of
// the same build: they are equal.
func TestCompileCommands(t *testing.T) {
	bear := harness.Need(t, "bear", "bear")
	harness.Need(t, "gcc", "gcc libc6-dev")
	harness.Need(t, "make", "make")
	for _, b := range []build{
		{name: "calls", source: copyOf("testdata/calls"), script: "make -s"},
		{name: "project", source: copyOf("../demo/project"), script: "mkdir build; cd build; ../configure --prefix=$PWD/inst; make all check"},
	} {
		t.Run(b.name, func(t *testing.T) {
			if testing.Short() && b.name == "project" {
				t.Skip("a whole build, twice")
			}
			w := newWorld(t, b.source)
			w.fresh(t)
			name := filepath.Join(w.logs, "bear.json")
			w.run(t, b.script, bear, "--output", name, "--")
			want := readCommands(t, name)

			w.fresh(t)
			loaded := w.load(t, record.LevelFiles, b.script)
			got := formats.CompileCommands(loaded)
			if len(want) == 0 {
				t.Error("Bear has seen no compiler")
			}
			if diff := cmp.Diff(sortedCommands(want), sortedCommands(got)); diff != "" {
				t.Errorf("(-bear +catbox)\n%s", diff)
			}
		})
	}
}

func readCommands(t *testing.T, name string) []formats.Command {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var list []formats.Command
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// sortedCommands leaves the order out, which of two calls at the same time is nothing.
func sortedCommands(list []formats.Command) []string {
	var lines []string
	for _, c := range list {
		lines = append(lines, c.Directory+"\n"+c.File+"\n"+c.Output+"\n"+strings.Join(c.Arguments, "\n"))
	}
	slices.Sort(lines)
	return lines
}
