package cli

import (
	"runtime"
	"sync"
)

const (
	// Without an idle processor the Go scheduler takes one at each wait from the tracer,
	// and from its second thread, and each stop begins with getting it back.
	minProcs = 3
	// There are never as many things to do as a large machine has processors.
	maxProcs = 4
	// blockedThreads is how many may be in the kernel beside those that run: the
	// two of the tracer, the receiver of signals, two that write, two of the runtime.
	blockedThreads = 7
)

// reserveThreads makes all threads that a run may need, while that is possible. The
// Go runtime makes them when it needs them, and ends the program if it cannot: the
// commands may have used up the processes of the user by then.
func reserveThreads() {
	if n := runtime.GOMAXPROCS(0); n < minProcs || n > maxProcs {
		runtime.GOMAXPROCS(min(max(n, minProcs), maxProcs))
	}
	var there sync.WaitGroup
	release := make(chan struct{})
	for range runtime.GOMAXPROCS(0) + blockedThreads {
		there.Add(1)
		go func() {
			runtime.LockOSThread() // so that no two share one
			there.Done()
			<-release
			runtime.UnlockOSThread() // it stays, for whoever needs one
		}()
	}
	there.Wait()
	close(release)
}
