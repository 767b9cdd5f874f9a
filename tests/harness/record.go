package harness

import (
	"os"
	"testing"

	"github.com/catbox-go/catbox/catbox/record"
)

// Record reads the record of a build from a file. It has to be complete.
func Record(t testing.TB, name string) *record.Build {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	build, err := record.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if !build.End.Complete {
		t.Errorf("the record is not complete: %q", build.End.Reasons)
	}
	return build
}
