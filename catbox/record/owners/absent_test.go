package owners

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/catbox/record"
)

// TestAbsent tells programs that were looked for from other names that are missing in
// directories of programs. Each line of a test is a process and what it did with paths.
func TestAbsent(t *testing.T) {
	long := []string{"/usr/local/bin", "/usr/bin", "/src/tools"}
	for _, test := range []struct {
		name   string
		search []string
		deeds  []string
		want   string
	}{
		{"missing in every directory", long, []string{"1 missing /usr/local/bin/gnm /usr/bin/gnm /src/tools/gnm"}, "gnm"},
		{"a directory of the compiler", long, []string{"1 missing /usr/x86_64-linux-gnu/bin/x86_64-linux-gnu /usr/x86_64-linux-gnu/bin/as"}, ""},
		{"beside an interpreter", long, []string{"1 missing /usr/bin/pyvenv.cfg /usr/pyvenv.cfg"}, ""},
		{"beside two interpreters", long, []string{"1 missing /usr/bin/pyvenv.cfg", "2 missing /usr/local/bin/pyvenv.cfg"}, ""},
		{"found in the end", long, []string{"1 missing /usr/local/bin/cc /src/tools/cc", "1 looked-at /usr/bin/cc"}, ""},
		{"executed elsewhere", long, []string{"1 missing /usr/local/bin/cc1 /usr/bin/cc1 /src/tools/cc1", "1 executed /usr/lib/gcc/cc1"}, ""},
		{"looked at elsewhere", long, []string{"1 missing /usr/local/bin/hello /usr/bin/hello", "1 looked-at /usr/share/doc/hello"}, "hello"},
		{"made by the build", long, []string{"1 missing /usr/bin/gen /src/tools/gen", "2 created /src/tools/gen"}, ""},
		{"by exec alone", long, []string{"1 missing,sought /opt/helper"}, "helper"},
		{"exec that found it at last", long, []string{"1 missing,sought /usr/local/bin/ld", "1 executed /usr/bin/ld"}, ""},
		{"a PATH of one directory", []string{"/usr/bin"}, []string{"1 missing /usr/bin/awk /bin/nawk"}, "awk"},
		{"a record that does not tell PATH", nil, []string{"1 missing /usr/sbin/gawk /usr/bin/gawk /src/tools/x /src/x /bin/once"}, "gawk"},
	} {
		t.Run(test.name, func(t *testing.T) {
			search, _ := json.Marshal(test.search)
			lines := []string{fmt.Sprintf(`{"type":"run","version":1,"search":%s}`, search)}
			for i, deed := range test.deeds {
				words := strings.Fields(deed)
				ops := map[string][2]int{}
				for _, op := range strings.Split(words[1], ",") {
					ops[op] = [2]int{i + 1, i + 1}
				}
				for _, path := range words[2:] {
					entry, _ := json.Marshal(map[string]any{"path": path, "ops": ops})
					lines = append(lines, fmt.Sprintf(`{"type":"files","process":%s,"entries":[%s]}`, words[0], entry))
				}
			}
			b, err := record.Load(strings.NewReader(strings.Join(lines, "\n") + "\n"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, strings.Join(absent(b), " ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
