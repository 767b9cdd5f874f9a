package record

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tests/harness"
	"github.com/catbox-go/catbox/tests/packages"
)

// build is something that is built: how its source is made, and the script.
type build struct {
	name   string
	source func(t *testing.T, dir string)
	script string
	levels []record.Level
	quick  bool // enough for a short test
}

// builds are those of this repository.
func builds() []build {
	both := []record.Level{record.LevelFiles, record.LevelAll}
	return []build{
		{name: "project", source: copyOf("../demo/project"), levels: both, quick: true,
			script: "mkdir build; cd build; ../configure --prefix=$PWD/inst; make all check install; mv inst/bin/catbox-demo inst/demo; make clean"},
		{name: "scripts", source: scripts, levels: both, script: "make -s"},
		{name: "module", source: module, levels: both, script: "go build -o prog . && ./prog"},
	}
}

// copyOf makes the source a copy of a directory.
func copyOf(from string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) { tool(t, "cp", "-R", from, dir) }
}

// scripts is a static driver of the compiler, called by a script of a script.
func scripts(t *testing.T, dir string) {
	tool(t, "cp", "-R", "testdata/scripts", dir)
	tool(t, harness.Need(t, "gcc", "gcc libc6-dev"), "-static", "-o", filepath.Join(dir, "driver"), filepath.Join(dir, "driver.c"))
}

// module is a program in Go, with what the go command has made of the standard
// library before.
func module(t *testing.T, dir string) {
	tool(t, "cp", "-R", "testdata/module", dir)
	for from, to := range map[string]string{"go.mod.txt": "go.mod"} {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	mode := filepath.Join(dir, "home", ".config", "go", "telemetry", "mode")
	if err := os.MkdirAll(filepath.Dir(mode), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mode, []byte("off\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", filepath.Join(dir, "home", "cache"))
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("CGO_ENABLED", "0")
	tool(t, harness.Need(t, "go", "golang-go"), "build", "-C", dir, "-o", os.DevNull, "runtime")
}

// sourcePackages are the packages that the environment names, as far as their builds
// do the same each time.
func sourcePackages(t *testing.T) []build {
	t.Helper()
	scripts := map[string]string{"hello": "./configure && make -j1", "zlib": "./configure && make -j1", "lua5.4": "make -j1 linux"}
	var list []build
	for _, name := range strings.Fields(os.Getenv("CATBOX_TEST_PACKAGES")) {
		script, ok := scripts[name]
		if !ok {
			continue
		}
		list = append(list, build{name: name, script: script, levels: []record.Level{record.LevelFiles}, source: func(t *testing.T, dir string) {
			src, err := packages.Fetch(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if err := src.Extract(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
		}})
	}
	return list
}

// TestStrace compares records with what strace sees of the same build.
func TestStrace(t *testing.T) {
	harness.Need(t, "strace", "strace")
	harness.Need(t, "make", "make")
	harness.Need(t, "gcc", "gcc libc6-dev")
	all := append(builds(), sourcePackages(t)...)
	used := map[int]bool{} // lines of explained.txt
	done := 0
	for _, b := range all {
		t.Run(b.name, func(t *testing.T) {
			if testing.Short() && !b.quick {
				t.Skip("it takes seconds; without -short")
			}
			w := newWorld(t, b.source)
			rows := readExplained(t, b.name)
			traced := w.traced(t, b.script, b.levels)
			for i, level := range b.levels {
				rec := w.recorded(t, level, b.script)
				t.Logf("level %s: %d paths, strace has %d", level, len(rec), len(traced[i]))
				check(t, string(level), rec.stable(w.dir), traced[i].stable(w.dir), rows)
			}
			for _, row := range rows {
				used[row.line] = used[row.line] || row.used
				if !row.used && row.build == b.name {
					t.Errorf("explained.txt:%d: stale, there is no such difference", row.line)
				}
			}
			done++
		})
	}
	for _, row := range readExplained(t, anything) {
		if done == len(all) && !used[row.line] {
			t.Errorf("explained.txt:%d: stale, no build has such a difference", row.line)
		}
	}
}
