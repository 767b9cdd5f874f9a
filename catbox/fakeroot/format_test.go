package fakeroot

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestJSONRoundTrip(t *testing.T) {
	db := database(samples()...)
	var first, second bytes.Buffer
	must(t, db.WriteJSON(&first))
	again, err := Read(bytes.NewReader(first.Bytes()))
	must(t, err)
	if diff := cmp.Diff(samples(), records(again)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	must(t, again.WriteJSON(&second))
	if diff := cmp.Diff(first.String(), second.String()); diff != "" {
		t.Errorf("bytes (-first +second):\n%s", diff)
	}
}

// TestJSONLines holds the form of the lines: others read them.
func TestJSONLines(t *testing.T) {
	var b bytes.Buffer
	must(t, database(&Record{
		Key: Key{64768, 12}, Birth: 1_700_000_000_000_000_120, Path: "/x y",
		Has: HasUID | HasGID | HasMode, UID: 1, GID: 2, Mode: unix.S_IFCHR | 0o620, Rdev: unix.Mkdev(5, 1),
		Xattrs: map[string][]byte{"trusted.b": {0, 1}, "trusted.a": []byte("value")},
	}).WriteJSON(&b))
	want := `{"format":"catbox-fakeroot","version":1}
{"dev":64768,"ino":12,"birth":"2023-11-14T22:13:20.00000012Z","path":"/x y","uid":1,"gid":2,"mode":"020620","rdev":"5:1","xattrs":{"trusted.a":"dmFsdWU=","trusted.b":"AAE="}}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadErrors(t *testing.T) {
	const head = header
	tests := []struct{ name, text, want string }{
		{"other text", "hello\n", "line 1: neither a file of catbox nor of fakeroot"},
		{"other text, cut", "hello", "line 1: neither a file of catbox nor of fakeroot"},
		{"other JSON", "{}\n", "line 1: neither a file of catbox nor of fakeroot"},
		{"other format", `{"format":"x","version":1}` + "\n", "line 1: neither a file of catbox nor of fakeroot"},
		{"newer", `{"format":"catbox-fakeroot","version":2}` + "\n", "line 1: version 2: the format is of a newer version of catbox"},
		{"version 0", `{"format":"catbox-fakeroot","version":0}` + "\n", "line 1: version 0 does not exist"},
		{"keep", `{"format":"catbox-fakeroot","version":1,"keep":"x"}` + "\n", `line 1: unknown format "x" to keep`},
		{"no inode", head + `{"dev":1}` + "\n", "line 2: dev or ino is missing"},
		{"unknown field", head + `{"dev":1,"ino":2,"x":3}` + "\n", `line 2: not a record: json: unknown field "x"`},
		{"broken inside", head + `{"dev":1,"ino":` + "\n" + `{"dev":1,"ino":2}` + "\n", "line 2: not a record: unexpected EOF"},
		{"two", head + `{"dev":1,"ino":2}{}` + "\n", "line 2: more than one record"},
		{"empty line", head + "\n", "line 2: not a record: EOF"},
		{"uid", head + `{"dev":1,"ino":2,"uid":4294967296}` + "\n", "line 2: not a record: json: cannot unmarshal number"},
		{"mode", head + `{"dev":1,"ino":2,"mode":"0888"}` + "\n", `line 2: mode "0888": not an octal number of 16 bits`},
		{"type", head + `{"dev":1,"ino":2,"mode":"0644"}` + "\n", `line 2: mode "0644": no type of a file`},
		{"rdev", head + `{"dev":1,"ino":2,"mode":"020644","rdev":"5"}` + "\n", `line 2: rdev "5": not of the form major:minor`},
		{"no rdev", head + `{"dev":1,"ino":2,"mode":"020644"}` + "\n", "line 2: rdev belongs to a mode of a device"},
		{"rdev of a file", head + `{"dev":1,"ino":2,"mode":"0100644","rdev":"1:2"}` + "\n", "line 2: rdev belongs to a mode of a device"},
		{"birth", head + `{"dev":1,"ino":2,"birth":"today"}` + "\n", "line 2: birth: parsing time"},
		{"birth of old", head + `{"dev":1,"ino":2,"birth":"1066-10-14T00:00:00Z"}` + "\n", `line 2: birth "1066-10-14T00:00:00Z": out of range`},
		{"xattr", head + `{"dev":1,"ino":2,"xattrs":{"":""}}` + "\n", `line 2: no name of an attribute: ""`},
		{"xattr bytes", head + `{"dev":1,"ino":2,"xattrs_bytes":{"!":""}}` + "\n", "line 2: xattrs_bytes: illegal base64"},
		{"bytes", head + "{\"dev\":1,\"ino\":2,\"path\":\"\xff\"}\n", "line 2: not UTF-8"},
		{"fakeroot, short", "dev=1,ino=2\n", "line 1: not a record: a field is missing or too much"},
		{"fakeroot, order", "dev=1,mode=100644,ino=2,uid=0,gid=0,nlink=1,rdev=0\n", `line 1: not a record: "mode=100644" is not ino=`},
		{"fakeroot, number", "dev=1,ino=x,mode=100644,uid=0,gid=0,nlink=1,rdev=0\n", `line 1: ino "x": not a number of base 10 and 64 bits`},
		{"fakeroot, second line", "dev=1,ino=1,mode=100644,uid=0,gid=0,nlink=1,rdev=0\n{}\n", "line 2: not a record"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(test.text))
			var line *LineError
			if err == nil || !errors.As(err, &line) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if newer := test.name == "newer"; errors.Is(err, ErrVersion) != newer {
				t.Errorf("ErrVersion: %v", !newer)
			}
		})
	}
}

// TestCut cuts files at every byte: what is complete counts, what is not does not.
func TestCut(t *testing.T) {
	all := samples()
	var json, saved bytes.Buffer
	must(t, database(all...).WriteJSON(&json))
	full := []*Record{
		{Key: Key{1, 2}, Has: HasUID | HasGID | HasMode, Mode: unix.S_IFREG | 0o644},
		{Key: Key{1, 3}, Has: HasUID | HasGID | HasMode, Mode: unix.S_IFBLK, Rdev: unix.Mkdev(8, 17), UID: 10, GID: 20},
	}
	must(t, database(full...).WriteFakeroot(&saved))
	tests := []struct {
		name    string
		text    string
		records []*Record
		first   int // lines that are no record
	}{
		{"JSON Lines", json.String(), all, 1},
		{"fakeroot", saved.String(), full, 0},
	}
	for _, test := range tests {
		for n := range len(test.text) + 1 {
			db, err := Read(strings.NewReader(test.text[:n]))
			if err != nil {
				t.Fatalf("%s, cut at %d: %v", test.name, n, err)
			}
			want := max(strings.Count(test.text[:n], "\n")-test.first, 0)
			if diff := cmp.Diff(test.records[:want], records(db), cmp.Transformer("empty", func(l []*Record) []*Record { return append([]*Record{}, l...) })); diff != "" {
				t.Fatalf("%s, cut at %d (-want +got):\n%s", test.name, n, diff)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	var json, text bytes.Buffer
	for _, r := range samples() {
		json.Reset()
		if err := database(r).WriteJSON(&json); err != nil {
			f.Fatal(err)
		}
		f.Add(json.Bytes())
	}
	if err := database(samples()...).WriteFakeroot(&text); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	f.Add([]byte(headerKeep + `{"dev":1,"ino":2,"removed":true}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		db, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		must(t, db.WriteJSON(&out))
		again, err := Read(&out)
		must(t, err)
		if diff := cmp.Diff(records(db), records(again)); diff != "" {
			t.Errorf("written and read (-want +got):\n%s", diff)
		}
	})
}
