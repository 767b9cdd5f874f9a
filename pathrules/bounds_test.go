package pathrules_test

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestHostilePathsHoldNoMemory matches many long paths against regular expressions
// that work hard on them, and gives up on some.
func TestHostilePathsHoldNoMemory(t *testing.T) {
	const (
		most  = 4 << 20
		paths = 100_000
	)
	if testing.Short() {
		t.Skip("takes the seconds until each of the rules gives up for good")
	}
	set := compile(t, []string{`~^/allowed/(?:\w+[-/.]?)+\z`, `~(?<=/)((a+)+)+b`, `~(.*?)(.*?)(.*?)\1\2\3never`},
		[]string{`~^/([^/]+/)*\.git(/|\z)`})
	slow, quick := strings.Repeat("/aaaa", 200), strings.Repeat("/b", 10)
	match := func(i int) {
		tail := quick
		if i%1000 == 0 {
			tail = slow
		}
		if m := set.Match("/" + strconv.Itoa(i) + tail); m.Allowed {
			t.Fatalf("path %d is allowed by %v", i, m.Rule)
		}
	}
	match(0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range paths {
		match(i)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := int64(after.HeapAlloc) - int64(before.HeapAlloc); n > most {
		t.Errorf("%d bytes are held", n)
	}
	runtime.KeepAlive(set)
}
