package compat

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	row := func(test, native, catbox, how string) explanation {
		return explanation{test: test, native: native, catbox: catbox, how: how, reason: "reason", line: 7}
	}
	for _, tt := range []struct {
		name                  string
		first, second, inside outcomes
		rows                  []explanation
		want                  comparison
	}{
		{name: "equal", first: outcomes{"a": passed, "b": failed}, second: outcomes{"a": passed, "b": failed},
			inside: outcomes{"a": passed, "b": failed}},
		{name: "different", first: outcomes{"a": passed}, second: outcomes{"a": passed}, inside: outcomes{"a": failed},
			want: comparison{unexplained: []string{"a: pass without catbox, fail inside"}}},
		{name: "better inside is different too", first: outcomes{"a": skipped}, second: outcomes{"a": skipped},
			inside: outcomes{"a": passed}, want: comparison{unexplained: []string{"a: skip without catbox, pass inside"}}},
		{name: "missing inside", first: outcomes{"a": passed}, second: outcomes{"a": passed}, inside: outcomes{},
			want: comparison{unexplained: []string{"a: pass without catbox, absent inside"}}},
		{name: "only inside", first: outcomes{}, second: outcomes{}, inside: outcomes{"a": passed},
			want: comparison{unexplained: []string{"a: absent without catbox, pass inside"}}},
		{name: "explained", first: outcomes{"a": passed}, second: outcomes{"a": passed}, inside: outcomes{"a": failed},
			rows: []explanation{row("a", passed, failed, always)},
			want: comparison{explained: []string{"a: pass without catbox, fail inside (reason)"}}},
		{name: "explained with what is below", first: outcomes{"a": passed, "a/b": passed, "ab": passed},
			second: outcomes{"a": passed, "a/b": passed, "ab": passed}, inside: outcomes{"a": passed, "a/b": failed, "ab": failed},
			rows: []explanation{row("a/...", passed, failed, always)},
			want: comparison{explained: []string{"a/b: pass without catbox, fail inside (reason)"},
				unexplained: []string{"ab: pass without catbox, fail inside"}}},
		{name: "explained otherwise", first: outcomes{"a": passed}, second: outcomes{"a": passed}, inside: outcomes{"a": failed},
			rows: []explanation{row("a", passed, skipped, always)},
			want: comparison{unexplained: []string{"a: pass without catbox, fail inside"},
				stale: []string{"line 7: a: pass without catbox, skip inside"}}},
		{name: "explained, but equal", first: outcomes{"a": passed}, second: outcomes{"a": passed}, inside: outcomes{"a": passed},
			rows: []explanation{row("a", passed, failed, always)},
			want: comparison{stale: []string{"line 7: a: pass without catbox, fail inside"}}},
		{name: "explained, but there is no such test", first: outcomes{"b": passed}, second: outcomes{"b": passed},
			inside: outcomes{"b": passed}, rows: []explanation{row("a", passed, failed, alone)},
			want: comparison{stale: []string{"line 7: a: pass without catbox, fail inside"}}},
		{name: "explained, but skipped here", first: outcomes{"a": skipped}, second: outcomes{"a": skipped},
			inside: outcomes{"a": skipped}, rows: []explanation{row("a", passed, failed, always)},
			want: comparison{elsewhere: []string{"line 7: a: pass without catbox, fail inside"}}},
		{name: "unsteady, and equal", first: outcomes{"a": passed}, second: outcomes{"a": passed}, inside: outcomes{"a": passed},
			rows: []explanation{row("a", passed, failed, unsteady)}},
		{name: "flaky", first: outcomes{"a": passed, "b": passed}, second: outcomes{"a": failed}, inside: outcomes{"a": passed},
			want: comparison{flaky: []string{"a: pass, then fail", "b: pass, then absent"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := compare(tt.first, tt.second, tt.inside, tt.rows)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(comparison{})); diff != "" {
				t.Errorf("comparison (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSelectRows(t *testing.T) {
	rows := []explanation{
		{suite: "go", user: anything, mode: anything, test: "1"},
		{suite: "go", user: root, mode: anything, test: "2"},
		{suite: "go", user: anything, mode: modeConfined, test: "3"},
		{suite: "tar", user: anything, mode: anything, test: "4"},
	}
	var got []string
	for _, row := range selectRows(rows, "go", ordinary, modeAllowed) {
		got = append(got, row.test)
	}
	if diff := cmp.Diff([]string{"1"}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
