package fakeroot

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStoreInUse: the second process is refused, whatever the first does, and has
// everything once the first has ended by SIGKILL.
func TestStoreInUse(t *testing.T) {
	if name := os.Getenv("CATBOX_TEST_STORE"); name != "" {
		s, err := Open(name)
		must(t, err)
		must(t, s.Put(samples()[0]))
		must(t, s.Put(samples()[2]))
		fmt.Println("ready")
		select {}
	}
	for _, test := range []struct{ name, text string }{{"JSON Lines", ""}, {"fakeroot", saved}} {
		t.Run(test.name, func(t *testing.T) {
			name := writeFile(t, "state", test.text)
			cmd := exec.Command("/proc/self/exe", "-test.run=^TestStoreInUse$")
			cmd.Env = append(os.Environ(), "CATBOX_TEST_STORE="+name)
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			defer cmd.Wait() //nolint:errcheck // it is killed
			defer cmd.Process.Kill()
			if _, err := out.Read(make([]byte, 16)); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(name); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "wait for its end") {
				t.Errorf("second: %v", err)
			}
			must(t, cmd.Process.Signal(syscall.SIGKILL))
			cmd.Wait() //nolint:errcheck // it was killed
			s := openStore(t, name)
			for _, r := range []*Record{samples()[0], samples()[2]} {
				if diff := cmp.Diff(r, s.DB().Get(r.Key)); diff != "" {
					t.Errorf("after SIGKILL (-want +got):\n%s", diff)
				}
			}
			must(t, s.Close())
			if isSaved := strings.HasPrefix(readFile(t, name), fakerootStart); isSaved != (test.text != "") {
				t.Errorf("file:\n%s", readFile(t, name))
			}
		})
	}
}

// TestStoreReplaced: who waited at the file of before gets the one that is there now.
func TestStoreReplaced(t *testing.T) {
	name := writeFile(t, "state", saved)
	before, err := os.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	defer before.Close()
	s := openStore(t, name)
	must(t, s.Put(samples()[0]))
	if same, err := lock(before, name); same || err != nil {
		t.Errorf("the file of before: %v, %v", same, err)
	}
	if _, err := Open(name); !errors.Is(err, ErrInUse) {
		t.Errorf("the file of now: %v", err)
	}
}

// TestStoreTurns counts in a file that several want at the same time: each has to find
// what the one before it has left, though files replace each other meanwhile.
func TestStoreTurns(t *testing.T) {
	const workers, rounds = 4, 10
	name := filepath.Join(t.TempDir(), "state")
	counter := Key{1, 1}
	errs := make(chan error)
	for range workers {
		go func() {
			for done := 0; done < rounds; {
				s, err := Open(name)
				if errors.Is(err, ErrInUse) {
					runtime.Gosched()
					continue
				}
				if err != nil {
					errs <- err
					return
				}
				next := &Record{Key: counter, Has: HasUID}
				if old := s.DB().Get(counter); old != nil {
					next.UID = old.UID + 1
				}
				if err := errors.Join(s.Put(next), s.Close()); err != nil {
					errs <- err
					return
				}
				done++
			}
			errs <- nil
		}()
	}
	for range workers {
		must(t, <-errs)
	}
	db, err := Load(name)
	must(t, err)
	if got := db.Get(counter).UID; got != workers*rounds-1 {
		t.Errorf("counted to %d, want %d", got, workers*rounds-1)
	}
}
