package tools

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// preemptVariable makes the test binary a program of its own: see preempt.
const preemptVariable = "CATBOX_TOOLS_PREEMPT"

func TestMain(m *testing.M) {
	if os.Getenv(preemptVariable) != "" {
		preempt()
		return
	}
	os.Exit(m.Run())
}

// TestGoPreemption runs a Go program whose threads get signals all the time, so that
// its calls are interrupted and made again.
func TestGoPreemption(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "", []string{preemptVariable + "=1", "GOMAXPROCS=4", "GODEBUG=asyncpreemptoff=0"}, program)
}

// preempt does file work while everything else makes the Go runtime send signals to
// its threads: loops without calls, which must be preempted for each collection.
func preempt() {
	done := make(chan struct{})
	ended := func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	var others, workers sync.WaitGroup
	for range 3 {
		others.Go(func() {
			for n := uint64(1); !ended() && n != 0; {
				for range 5_000_000 { // no call in here
					n = n*6364136223846793005 + 1
				}
			}
		})
	}
	others.Go(func() {
		for !ended() {
			runtime.GC()
		}
	})
	for me := range 6 {
		workers.Go(func() { fileWork(me) })
	}
	workers.Wait()
	close(done)
	others.Wait()
	entries, err := os.ReadDir(".")
	fmt.Println(len(entries), err)
	fmt.Println("done")
}

// fileWork prints what goes wrong.
func fileWork(me int) {
	check := func(err error) {
		if err != nil {
			fmt.Println(err)
		}
	}
	for i := range 15 {
		name := fmt.Sprintf("f%d-%d", me, i)
		check(os.WriteFile(name, []byte(name), 0o600))
		check(os.Rename(name, name+"r"))
		text, err := os.ReadFile(name + "r")
		check(err)
		if string(text) != name {
			fmt.Printf("%s holds %q\n", name, text)
		}
		check(os.Chmod(name+"r", 0o640))
		check(os.MkdirAll(name+"/a/b", 0o700))
		check(os.RemoveAll(name))
		check(os.Remove(name + "r"))
		if i%5 == 0 {
			out, err := exec.Command("echo", name).Output()
			check(err)
			if strings.TrimSpace(string(out)) != name {
				fmt.Printf("%s: %q\n", name, out)
			}
		}
	}
}
