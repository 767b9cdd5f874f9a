package pathrules_test

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/pathrules"
)

const (
	slow = `~^/(a+)+\z` // takes time that doubles with each "a"
	deep = `~^/(a|aa)+\z`
)

var hostile = "/" + strings.Repeat("a", 60) + "!"

// impatient returns the rules of texts with the shortest time there is.
func impatient(t *testing.T, texts ...string) []pathrules.Rule {
	t.Helper()
	rules := make([]pathrules.Rule, len(texts))
	for i, text := range texts {
		var err error
		if rules[i], err = pathrules.Parse(text); err != nil {
			t.Fatal(err)
		}
		if rules[i].IsRegex() {
			pathrules.SetTimeout(rules[i], time.Millisecond)
		}
	}
	return rules
}

// TestHostilePath: a path on which a regular expression runs out of time is
// refused, and soon.
func TestHostilePath(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		allow []string
		deny  []string
		path  string
		want  string
	}{
		{"allow", []string{slow}, nil, hostile, "-" + slow + "!"},
		{"allow, decided by another", []string{slow, "~!"}, nil, hostile, "+~!"},
		{"allow, decided by a prefix", []string{slow, "/"}, nil, hostile, "+/"},
		{"allow, first to fail is named", []string{"~x", slow, `~^/(a+)+x?\z`}, nil, hostile, "-" + slow + "!"},
		{"deny", []string{"/"}, []string{slow}, hostile, "-" + slow + "!"},
		{"deny, allowed by regex", []string{"~a"}, []string{slow}, hostile, "-" + slow + "!"},
		{"deny, another prefix denies", []string{"/"}, []string{slow, "/" + hostile[1:]}, hostile, "-" + hostile},
		{"too deep", []string{deep}, nil, "/" + strings.Repeat("a", 60000) + "!", "-" + deep + "!"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			set := pathrules.New(impatient(t, test.allow...), impatient(t, test.deny...))
			m := set.Match(test.path)
			if diff := cmp.Diff(test.want, describe(m)); diff != "" {
				t.Errorf("Match (-want +got):\n%s", diff)
			}
			var gaveUp *pathrules.GaveUpError
			if m.Err != nil && (!errors.As(m.Err, &gaveUp) || gaveUp.Rule != m.Rule || gaveUp.Retired) {
				t.Errorf("error = %#v", m.Err)
			}
		})
	}
}

// TestRetired: a rule that gave up too often is not tried again, and what it
// would decide stays refused.
func TestRetired(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		allow, deny []string
		easy        string // a path about which the rule decided at first
	}{
		{"allow", []string{slow}, nil, "/a"},
		{"deny", []string{"/"}, []string{slow}, "/b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			set := pathrules.New(impatient(t, test.allow...), impatient(t, test.deny...))
			if diff := cmp.Diff(true, set.Match(test.easy).Allowed); diff != "" {
				t.Fatalf("before (-want +got):\n%s", diff)
			}
			var wait sync.WaitGroup
			for range pathrules.MaxFailures {
				wait.Go(func() {
					if m := set.Match(hostile); m.Allowed || m.Err == nil {
						t.Errorf("hostile path: %s", describe(m))
					}
				})
			}
			wait.Wait()
			for _, path := range []string{hostile, test.easy} {
				m := set.Match(path)
				var gaveUp *pathrules.GaveUpError
				if m.Allowed || !errors.As(m.Err, &gaveUp) || !gaveUp.Retired {
					t.Errorf("Match(%q) = %s, error %v", path, describe(m), m.Err)
				}
			}
			fresh := pathrules.New(impatient(t, test.allow...), impatient(t, test.deny...))
			if !fresh.Match(test.easy).Allowed {
				t.Error("another set is affected")
			}
		})
	}
}

// TestTimeBound looks at the promise of the documentation, with room for a busy
// machine.
func TestTimeBound(t *testing.T) {
	t.Parallel()
	set := compile(t, []string{slow}, nil)
	start := time.Now()
	m := set.Match(hostile)
	if took := time.Since(start); took > 20*pathrules.MatchTimeout {
		t.Errorf("match took %v", took)
	}
	if diff := cmp.Diff("-"+slow+"!", describe(m)); diff != "" {
		t.Errorf("Match (-want +got):\n%s", diff)
	}
}

func TestGaveUpError(t *testing.T) {
	t.Parallel()
	rule := impatient(t, "~x")[0]
	for want, err := range map[string]error{
		`rule "~x": gave up on the path after too much work`:  &pathrules.GaveUpError{Rule: &rule},
		`rule "~x": switched off after it gave up on 8 paths`: &pathrules.GaveUpError{Rule: &rule, Retired: true},
	} {
		if diff := cmp.Diff(want, err.Error()); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
	}
}

// TestGoroutines: the clock of the engine is the only goroutine, and prefixes do
// not start it. It cannot run beside other tests, as it counts.
func TestGoroutines(t *testing.T) {
	regexp2.StopTimeoutClock()
	before := runtime.NumGoroutine()
	compile(t, []string{"/a"}, []string{"/a/b"}).Match("/a/b/c")
	if got := runtime.NumGoroutine(); got != before {
		t.Errorf("prefixes: %d goroutines, %d before", got, before)
	}
	compile(t, []string{"~a"}, []string{"~b"}).Match("/a/b/c")
	if got := runtime.NumGoroutine(); got > before+1 {
		t.Errorf("regular expressions: %d goroutines, %d before", got, before)
	}
	regexp2.StopTimeoutClock()
	// The clock has left its loop, but may not have returned.
	for i := 0; i < 1_000_000 && runtime.NumGoroutine() > before; i++ {
		runtime.Gosched()
	}
	if got := runtime.NumGoroutine(); got > before {
		t.Errorf("after the end of the clock: %d goroutines, %d before", got, before)
	}
}
