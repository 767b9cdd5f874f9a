package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// appendEvent appends the line of an event.
func appendEvent(b []byte, e Event) ([]byte, error) {
	if files, ok := e.(*Files); ok {
		return append(appendFiles(b, files), '\n'), nil
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // people read "a && b >c"
	if err := enc.Encode(e.wire()); err != nil {
		return b, err
	}
	return append(b, line.Bytes()...), nil
}

// appendFiles encodes by hand what most of a record consists of.
func appendFiles(b []byte, f *Files) []byte {
	b = append(b, `{"type":"files","process":`...)
	b = strconv.AppendInt(b, int64(f.Process), 10)
	b = append(b, `,"entries":[`...)
	for i := range f.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFile(b, &f.Entries[i])
	}
	return append(b, "]}"...)
}

func appendFile(b []byte, f *File) []byte {
	b = append(b, '{')
	b = appendPath(b, f.Path)
	b = append(b, `,"ops":`...)
	b = f.Ops.appendJSON(b)
	if len(f.Errnos) > 0 {
		b = appendStrings(append(b, `,"errnos":`...), f.Errnos)
	}
	if len(f.From) > 0 {
		b = appendOthers(append(b, `,"from":`...), f.From)
	}
	if len(f.To) > 0 {
		b = appendOthers(append(b, `,"to":`...), f.To)
	}
	if len(f.Links) > 0 {
		b = appendOthers(append(b, `,"links":`...), f.Links)
	}
	return append(b, '}')
}

func appendOthers(b []byte, others []Other) []byte {
	b = append(b, '[')
	for i, m := range others {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"seq":`...)
		b = strconv.AppendUint(b, m.Seq, 10)
		b = append(b, ',')
		b = append(appendPath(b, m.Path), '}')
	}
	return append(b, ']')
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendPath appends the members of a path.
func appendPath(b []byte, path string) []byte {
	b = appendString(append(b, `"path":`...), path)
	if bytes := exact(path); bytes != nil {
		b = appendBytes(append(b, `,"path_bytes":`...), bytes)
	}
	return b
}

func appendBytes(b, bytes []byte) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, bytes)
	return append(b, '"')
}

// appendString appends a JSON string (RFC 8259, section 7); bytes that are no UTF-8
// become U+FFFD, as in encoding/json.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			if c == '"' || c == '\\' {
				b = append(b, '\\', c)
			} else {
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = append(b, s[start:i]...)
			b = append(b, "\uFFFD"...)
			start = i + 1
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
