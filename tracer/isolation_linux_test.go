package tracer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestIsolation makes many runs at once in a program that starts children of its
// own all the time. None may lose a child to another, and nothing may be left.
func TestIsolation(t *testing.T) {
	if testing.Short() {
		t.Skip("200 runs")
	}
	batch(t, 16) // what the runtime keeps for later use is there now
	fds, threads := count(t, "/proc/self/fd"), count(t, "/proc/self/task")
	batch(t, 200)
	eventually(t, "the number of descriptors is as before", func() bool { return count(t, "/proc/self/fd") <= fds })
	eventually(t, "the threads of the runs have ended", func() bool { return count(t, "/proc/self/task") <= threads+16 })
	if got := zombies(t); len(got) > 0 {
		t.Errorf("zombies are left: %v", got)
	}
}

// batch makes n runs, eight at a time, while four goroutines use os/exec.
func batch(t *testing.T, n int) {
	t.Helper()
	tr := Tracer{Handlers: []Handler{{
		Rules: stopOn("getppid"), Enter: func(*Stop) Verdict { return Answer(1) },
	}}}
	done := make(chan struct{})
	var host, runs sync.WaitGroup
	for i := range 4 {
		host.Go(func() {
			for k := i; ; k = (k + 1) % 100 {
				select {
				case <-done:
					return
				default:
					checkHostChild(t, k)
				}
			}
		})
	}
	next := make(chan int)
	for range 8 {
		runs.Go(func() {
			for i := range next {
				checkRun(t, &tr, i%256)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	runs.Wait()
	close(done)
	host.Wait()
}

// checkHostChild starts a child with os/exec and looks at its status.
func checkHostChild(t *testing.T, code int) {
	err := exec.Command("/bin/sh", "-c", "exit "+strconv.Itoa(code)).Run()
	var exit *exec.ExitError
	switch {
	case code == 0 && err == nil:
	case errors.As(err, &exit) && exit.ExitCode() == code:
	default:
		t.Errorf("os/exec of exit %d: %v", code, err)
	}
}

func checkRun(t *testing.T, tr *Tracer, code int) {
	cmd := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", fmt.Sprintf("(exit 3); test $? = 3 && exit %d", code)},
		Files: []uintptr{0, 1, 2}}
	o, err := tr.Run(t.Context(), cmd)
	if err != nil || o.Status.ExitStatus() != code || o.Processes != 2 {
		t.Errorf("run of exit %d: %v, %s, %d processes", code, err, describeStatus(o.Status), o.Processes)
	}
}

func count(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// zombies lists children of this process that nobody waited for.
func zombies(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	parent := strconv.Itoa(os.Getpid())
	var list []string
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// The name is in parentheses and may contain anything (proc_pid_stat(5)).
		_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
		if f := strings.Fields(rest); len(f) > 1 && f[0] == "Z" && f[1] == parent {
			list = append(list, file)
		}
	}
	return list
}

// TestMainThread runs a tracer from a goroutine on the main thread, whose wait
// the kernel would give the children of other threads that ended.
func TestMainThread(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), guestVar+"=main-thread")
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "ok\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

func mainThreadHelper() int {
	if unix.Gettid() != os.Getpid() {
		fmt.Println("this is not the main thread")
		return 1
	}
	// Children that belong to the host and end at any time.
	for range 20 {
		host := exec.Command("/bin/true")
		if err := host.Start(); err != nil {
			fmt.Println(err)
			return 1
		}
		var tr Tracer
		cmd := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", "(exit 1) & wait; exit 4"}, Files: []uintptr{0, 1, 2}}
		o, err := tr.Run(context.Background(), cmd)
		if err != nil || o.Status.ExitStatus() != 4 {
			fmt.Println("run:", err, describeStatus(o.Status))
			return 1
		}
		if err := host.Wait(); err != nil {
			fmt.Println("host:", err)
			return 1
		}
	}
	// The other road: the goroutine of the run is put on the main thread itself.
	onMain := make(chan bool, 1)
	onOwnThread(func() { onMain <- unix.Gettid() == os.Getpid() })
	if <-onMain {
		fmt.Println("the run was on the main thread")
		return 1
	}
	fmt.Println("ok")
	return 0
}
