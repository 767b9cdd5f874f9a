package record

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestRoundTrip writes everything and reads it again, folded in all ways.
func TestRoundTrip(t *testing.T) {
	for _, limit := range []int{0, 1, 2, 3} {
		t.Run(fmt.Sprintf("fold %d", limit), func(t *testing.T) {
			list := events(t, bytes.NewReader(sample(t, Options{Fold: limit})))
			run := one[*Run](t, list)
			if run != list[0] || run.Version != Version || run.Started.IsZero() {
				t.Errorf("first event: %+v", run)
			}
			run.Started = list[0].(*Run).Started.UTC()
			want := &Run{Version: 1, Argv: []string{"make", "a\xff\"\n"}, Dir: "/w\xfe",
				Commands: [][]string{{"make", "a\xff\"\n"}, {"true"}, {"\xff"}}, Search: []string{"/bin", "/\xfa"}, Env: []string{"HOME", "PATH"},
				Values: map[string]string{"HOME": "/h\xfd"}, Kernel: "6.1", Catbox: "0", Level: LevelAll, Started: run.Started,
				Policy: Policy{Paths: []string{"/w"}, Network: "none", Action: "deny"}}
			if diff := cmp.Diff(want, run); diff != "" {
				t.Errorf("run (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(wantFiles(), files(list)); diff != "" {
				t.Errorf("files (-want +got)\n%s", diff)
			}
			exec := one[*Exec](t, list)
			exec.Time = 0
			if diff := cmp.Diff(&Exec{Process: 1, Path: "/usr/bin/make", Name: "/bin/m\xff", Argv: []string{"make"}, Dir: "/w\xfe",
				Interpreters: []Interpreter{{"/lib64/ld.so\xff", Loader}}}, exec); diff != "" {
				t.Errorf("exec (-want +got)\n%s", diff)
			}
			if got := one[*Network](t, list); got.Address != "@\xff" || got.Seq != 10 {
				t.Errorf("network: %+v", got)
			}
			if got := one[*Violation](t, list); got.Path != "x\xff" || got.Canonical != "/x\xff" || got.Address != "\xff" || got.Processes[0].PID != 101 {
				t.Errorf("violation: %+v", got)
			}
			if got := one[*Owner](t, list); got.Path != "/w/su\xff" || *got.UID != 0 || got.GID != nil || *got.Mode != 0o104755 || *got.Rdev != 259 {
				t.Errorf("owner: %+v", got)
			}
			end := one[*End](t, list)
			if end != list[len(list)-1] || !end.Complete || end.Cut || end.Code != 2 || end.Processes != 2 {
				t.Errorf("end: %+v", end)
			}
		})
	}
}

func wantFiles() map[int]map[string]File {
	at := func(op Op, seq uint64) (o Ops) {
		o[op] = Span{seq, seq}
		return o
	}
	both := at(OpRenamedFrom, 9)
	both[OpRenamedTo] = Span{9, 9}
	moved := at(OpCreated, 7)
	moved[OpRenamedFrom] = Span{8, 8}
	return map[int]map[string]File{
		1: {
			"/usr/bin/make":    {Path: "/usr/bin/make", Ops: at(OpExecuted, 1)},
			"/lib64/ld.so\xff": {Path: "/lib64/ld.so\xff", Ops: at(OpExecuted, 2)},
			"/w/Makefile\xff":  {Path: "/w/Makefile\xff", Ops: at(OpRead, 3), Links: []Other{{3, "/w/link\xfc"}, {3, "/other"}}},
			"/w/GNUmakefile":   {Path: "/w/GNUmakefile", Ops: at(OpMissing, 4), Errnos: []string{"ENOENT"}},
		},
		2: {
			"/w/a.c":      {Path: "/w/a.c", Ops: at(OpRead, 5)},
			"/etc/shadow": {Path: "/etc/shadow", Ops: at(OpFailed, 6), Errnos: []string{"EACCES"}},
			"/w/a.o.tmp":  {Path: "/w/a.o.tmp", Ops: moved, To: []Other{{8, "/w/a.o\xff"}}},
			"/w/a.o\xff":  {Path: "/w/a.o\xff", Ops: at(OpRenamedTo, 8), From: []Other{{8, "/w/a.o.tmp"}}},
			"/w/x":        {Path: "/w/x", Ops: both, From: []Other{{9, "/w/y"}}, To: []Other{{9, "/w/y"}}},
			"/w/y":        {Path: "/w/y", Ops: both, From: []Other{{9, "/w/x"}}, To: []Other{{9, "/w/x"}}},
		},
	}
}

// TestCutAnywhere reads every beginning of a record: it is no record, or it is
// incomplete and has the events of its whole lines.
func TestCutAnywhere(t *testing.T) {
	whole := sample(t, Options{})
	first := bytes.IndexByte(whole, '\n') + 1
	for n := range len(whole) {
		var list []Event
		var failed error
		for e, err := range Read(bytes.NewReader(whole[:n])) {
			if failed = err; err == nil {
				list = append(list, e)
			}
		}
		if n < first {
			if !errors.Is(failed, ErrNoRecord) || len(list) > 0 {
				t.Fatalf("cut at %d: %d events, error %v", n, len(list), failed)
			}
			continue
		}
		if failed != nil {
			t.Fatalf("cut at %d: %v", n, failed)
		}
		if want := bytes.Count(whole[:n], []byte("\n")) + 1; len(list) != want {
			t.Fatalf("cut at %d: %d events, want %d", n, len(list), want)
		}
		end, ok := list[len(list)-1].(*End)
		if !ok || end.Complete || !end.Cut || end.Reasons[0] != CutReason {
			t.Fatalf("cut at %d: last event %+v", n, list[len(list)-1])
		}
	}
}

func TestReadErrors(t *testing.T) {
	const run = `{"type":"run","version":1}` + "\n"
	for _, test := range []struct {
		name, text string
		line       int // 0 for none
		is         error
		says       string
	}{
		{name: "empty", is: ErrNoRecord, says: "no build record: it is empty"},
		{name: "cut in its first line", text: `{"type":"run","version":1,"argv`, is: ErrNoRecord, says: "no build record: it ends within its first line"},
		{name: "text", text: "hello\nworld\n", is: ErrNoRecord, says: "no build record"},
		{name: "another line", text: `{"type":"end"}` + "\n", is: ErrNoRecord},
		{name: "version", text: `{"type":"run","version":2}` + "\n", line: 1, is: ErrVersion},
		{name: "no JSON", text: run + "{\n", line: 2},
		{name: "two runs", text: run + run, line: 2},
		{name: "parent of itself", text: run + `{"type":"process","id":1,"parent":1}` + "\n", line: 2},
		{name: "id 0", text: run + `{"type":"process","id":0,"parent":0}` + "\n", line: 2},
		{name: "no operations", text: run + `{"type":"files","process":1,"entries":[{"path":"/x","ops":{}}]}` + "\n", line: 2},
		{name: "reversed span", text: run + `{"type":"files","process":1,"entries":[{"path":"/x","ops":{"read":[2,1]}}]}` + "\n", line: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			var failed error
			for _, err := range Read(strings.NewReader(test.text)) {
				failed = err
			}
			var line *LineError
			switch {
			case failed == nil:
				t.Error("no error")
			case test.says != "" && failed.Error() != test.says:
				t.Errorf("error %q, want %q", failed, test.says)
			case test.is != nil && !errors.Is(failed, test.is):
				t.Errorf("error %v, want %v", failed, test.is)
			case errors.As(failed, &line) != (test.line > 0) || line != nil && line.Line != test.line:
				t.Errorf("error %v, want one of line %d", failed, test.line)
			}
		})
	}
	t.Run("later version", func(t *testing.T) {
		text := run + `{"type":"weather"}` + "\n" + `{"type":"files","process":1,"entries":[{"path":"/x","ops":{"read":[1,1],"smelt":[2,2]}}]}` + "\n"
		if list := events(t, strings.NewReader(text)); len(list) != 3 {
			t.Errorf("%d events, want 3", len(list))
		}
	})
}

// FuzzRead wants what is read to be written and read again as the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"type":"run","version":1,"argv":["make"]}` + "\n" + `{"type":"end","complete":true}` + "\n"))
	f.Add([]byte(`{"type":"run","version":1}` + "\n" +
		`{"type":"files","process":1,"entries":[{"path":"/\ufffd","path_bytes":"L/8=","ops":{"read":[1,2]},"from":[{"seq":1,"path":"/b"}],"links":[{"seq":1,"path":"/l"}]}]}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = Load(bytes.NewReader(data)) // whatever it says, it must not panic
		for e, err := range Read(bytes.NewReader(data)) {
			if err != nil {
				return
			}
			line, err := appendEvent(nil, e)
			if err != nil {
				t.Fatalf("%+v: %v", e, err)
			}
			again, err := decode(bytes.TrimSuffix(line, []byte("\n")))
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			twice, err := appendEvent(nil, again)
			if err != nil || !bytes.Equal(line, twice) {
				t.Fatalf("first %ssecond %s%v", line, twice, err)
			}
		}
	})
}

// TestQuick reads lines about files in both ways: what the quick one reads it reads as
// encoding/json does, and it reads all that the writer writes without exact bytes.
func TestQuick(t *testing.T) {
	var q quick
	for line := range bytes.Lines(sample(t, Options{})) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if kindOf(line) != "files" || bytes.Contains(line, []byte("_bytes")) {
			continue
		}
		if q.files(line) == nil {
			t.Errorf("not read: %s", line)
		}
	}
	for _, test := range []struct {
		line string
		want bool
	}{
		{`{"type":"files","process":1,"entries":[]}`, true},
		{`{"type":"files","process":1,"entries":[{"path":"/a\"\\\u00e9é","ops":{"read":[1,2],"failed":[3,3]},"errnos":["EIO","EACCES"],"from":[{"seq":4,"path":"/b"}],"to":[{"seq":5,"path":"/c"},{"seq":6,"path":"/d"}],"links":[{"seq":1,"path":"/e"}]}]}`, true},
		{`{"type":"files","process":1,"entries":[{"path":"/a","ops":{"read":[18446744073709551615,18446744073709551615]}}]}`, false},
		{`{"type":"files","process":1,"entries":[{"path":"/a","ops":{"read":[01,2]}}]}`, false},
		{`{"type":"files","process":1,"entries":[{"path":"/a","ops":{"failed":[1,2],"read":[1,2]}}]}`, false},
		{`{"type":"files","process":1,"entries":[{"path":"/a","ops":{"smelt":[1,2]}}]}`, false},
		{`{"type":"files","process":1,"entries":[{"path":"/a","ops":{"read":[2,1]}}]}`, false},
		{`{"type":"files","process":1,"entries":[{"path":"/a","path_bytes":"/w==","ops":{"read":[1,1]}}]}`, false},
		{`{"type":"files","process":1,"entries":[{"path":"/` + "\xff" + `","ops":{"read":[1,1]}}]}`, false},
		{`{"type":"files","process":1,"entries":[{"path":"/a","ops":{"read":[1,1]}}]} `, false},
		{`{"type":"files","process":4294967296,"entries":[]}`, false},
	} {
		got := q.files([]byte(test.line))
		if (got != nil) != test.want {
			t.Errorf("%s: read %v, want %v", test.line, got != nil, test.want)
		}
		same(t, got, test.line)
	}
}

// same compares what the quick way has read with what encoding/json reads.
func same(t *testing.T, got *Files, line string) {
	t.Helper()
	if got == nil {
		return
	}
	want, err := decode([]byte(line))
	if err != nil {
		t.Fatalf("%s: read, and %v", line, err)
	}
	if diff := cmp.Diff(want, Event(got), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", line, diff)
	}
}

// FuzzQuick reads lines in both ways.
func FuzzQuick(f *testing.F) {
	f.Add(`[{"path":"/a\"é","ops":{"read":[1,2],"failed":[3,3]},"errnos":["EIO"],"from":[{"seq":4,"path":"/b"}],"links":[{"seq":1,"path":"/e"}]}]`)
	f.Add(`[{"path":"/a","ops":{"missing":[9,9]}},{"path":"\ud800","ops":{"listed":[1,1]},"to":[{"seq":0,"path":""}]}]`)
	f.Fuzz(func(t *testing.T, entries string) {
		var q quick
		line := `{"type":"files","process":1,"entries":` + entries + "}"
		same(t, q.files([]byte(line)), line)
	})
}
