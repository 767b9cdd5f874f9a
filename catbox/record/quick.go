package record

import (
	"encoding/json"
	"unicode/utf8"
)

// quick reads lines about files as appendFiles writes them, several times as fast as
// encoding/json, which reads whatever it does not: another order of members, white
// space, exact bytes. Large records consist of little else.
type quick struct {
	rest []byte
	bad  bool
	// Most names come again and again.
	names map[string]string
}

// maxQuickNames bounds the names that are remembered.
const maxQuickNames = 1 << 16

// files reads a line; nil is for encoding/json.
func (q *quick) files(line []byte) *Files {
	q.rest, q.bad = line, false
	f := &Files{}
	q.must(`{"type":"files","process":`)
	process := q.number()
	f.Process = int(process)
	q.must(`,"entries":[`)
	for more := !q.has("]}"); more && !q.bad; {
		f.Entries = append(f.Entries, File{})
		q.file(&f.Entries[len(f.Entries)-1])
		if more = q.has(","); !more {
			q.must("]}")
		}
	}
	if q.bad || len(q.rest) > 0 || process > 1<<31-1 {
		return nil
	}
	return f
}

func (q *quick) file(f *File) {
	q.must(`{"path":`)
	f.Path = q.text()
	q.must(`,"ops":{`)
	q.ops(&f.Ops)
	if q.has(`,"errnos":[`) {
		f.Errnos = q.texts()
	}
	if q.has(`,"from":[`) {
		f.From = q.others()
	}
	if q.has(`,"to":[`) {
		f.To = q.others()
	}
	if q.has(`,"links":[`) {
		f.Links = q.others()
	}
	q.must("}")
}

func (q *quick) ops(ops *Ops) {
	names := opNames()
	op := Op(0)
	for more := true; more && !q.bad; more = q.has(",") {
		name := q.text()
		for op < opCount && names[op] != name {
			op++
		}
		if op == opCount {
			q.bad = true
			return
		}
		q.must(":[")
		ops[op].First = q.number()
		q.must(",")
		ops[op].Last = q.number()
		q.must("]")
		q.bad = q.bad || ops[op].First == 0 || ops[op].Last < ops[op].First
		op++
	}
	q.must("}")
}

func (q *quick) others() []Other {
	var others []Other
	for more := true; more && !q.bad; more = q.has(",") {
		var m Other
		q.must(`{"seq":`)
		m.Seq = q.number()
		q.must(`,"path":`)
		m.Path = q.text()
		q.must("}")
		others = append(others, m)
	}
	q.must("]")
	return others
}

func (q *quick) texts() []string {
	var list []string
	for more := true; more && !q.bad; more = q.has(",") {
		list = append(list, q.text())
	}
	q.must("]")
	return list
}

// has passes over a text if it is next.
func (q *quick) has(text string) bool {
	if len(q.rest) < len(text) || string(q.rest[:len(text)]) != text {
		return false
	}
	q.rest = q.rest[len(text):]
	return true
}

func (q *quick) must(text string) {
	if !q.has(text) {
		q.bad = true
	}
}

// number reads a number of at most 19 digits without a leading zero, or 0.
func (q *quick) number() uint64 {
	n, digits := uint64(0), 0
	for digits < len(q.rest) && q.rest[digits] >= '0' && q.rest[digits] <= '9' {
		n = n*10 + uint64(q.rest[digits]-'0')
		digits++
	}
	if digits == 0 || digits > 19 || digits > 1 && q.rest[0] == '0' {
		q.bad = true
		return 0
	}
	q.rest = q.rest[digits:]
	return n
}

// text reads a string.
func (q *quick) text() string {
	if !q.has(`"`) {
		q.bad = true
		return ""
	}
	plain := true
	for i := 0; i < len(q.rest); i++ {
		switch c := q.rest[i]; {
		case c == '"':
			raw := q.rest[:i]
			q.rest = q.rest[i+1:]
			if !plain {
				return q.unquote(raw)
			}
			return q.name(raw)
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			q.bad = true
			return ""
		}
	}
	q.bad = true
	return ""
}

// unquote decodes a string with escapes; raw is without its quotation marks.
func (q *quick) unquote(raw []byte) string {
	var text string
	quoted := append(append([]byte{'"'}, raw...), '"')
	if json.Unmarshal(quoted, &text) != nil {
		q.bad = true
	}
	return text
}

func (q *quick) name(raw []byte) string {
	if name, ok := q.names[string(raw)]; ok {
		return name
	}
	if !utf8.Valid(raw) {
		q.bad = true
		return ""
	}
	if q.names == nil || len(q.names) >= maxQuickNames {
		q.names = make(map[string]string)
	}
	name := string(raw)
	q.names[name] = name
	return name
}
