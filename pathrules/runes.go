package pathrules

import "unicode/utf8"

// byteRunes is the rune that stands for byte 0 where it is no part of valid
// UTF-8. The runes of such bytes, 0x80 to 0xff, are surrogates, which no valid
// UTF-8 can encode.
const byteRunes = 0xdc00

func byteRune(b byte) rune { return byteRunes + rune(b) }

// appendRunes appends path as a regular expression sees it: its characters, and
// for each byte that belongs to none, U+DC00 plus the byte. appendBytes takes
// the result back to path, so that two different paths never look alike.
func appendRunes(to []rune, path []byte) []rune {
	for len(path) > 0 {
		r, size := rune(path[0]), 1
		if r >= utf8.RuneSelf {
			if r, size = utf8.DecodeRune(path); r == utf8.RuneError && size == 1 {
				r = byteRune(path[0])
			}
		}
		to = append(to, r)
		path = path[size:]
	}
	return to
}

// appendBytes appends the path that looks like text; ok is false if there is
// none because of a rune that appendRunes never makes.
func appendBytes(to []byte, text []rune) (_ []byte, ok bool) {
	for _, r := range text {
		switch {
		case r >= byteRunes+utf8.RuneSelf && r <= byteRunes+0xff:
			to = append(to, byte(r-byteRunes))
		case utf8.ValidRune(r):
			to = utf8.AppendRune(to, r)
		default:
			return to, false
		}
	}
	return to, true
}
