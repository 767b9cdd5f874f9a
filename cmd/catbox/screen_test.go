package main

import (
	"fmt"
	"strings"
	"testing"
)

// screen is a terminal as far as the status line needs one. What leaves it at the top
// is kept.
type screen struct {
	t           *testing.T
	width       int
	rows        [][]byte
	gone        []string
	row, col    int
	saved       []int // row and column
	top, bottom int   // of the scroll region
	regions     int   // that were set and not reset
	saves       int   // without a restore
}

func newScreen(t *testing.T, width, height int) *screen {
	s := &screen{t: t, width: width, bottom: height - 1}
	for range height {
		s.rows = append(s.rows, nil)
	}
	return s
}

// lines returns everything that was written and not cleared.
func (s *screen) lines() []string {
	all := append([]string(nil), s.gone...)
	for _, row := range s.rows {
		all = append(all, strings.TrimRight(string(row), " "))
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

func (s *screen) index() {
	if s.row != s.bottom {
		s.row = min(s.row+1, len(s.rows)-1)
		return
	}
	s.gone = append(s.gone, strings.TrimRight(string(s.rows[s.top]), " "))
	copy(s.rows[s.top:s.bottom], s.rows[s.top+1:s.bottom+1])
	s.rows[s.bottom] = nil
}

func (s *screen) put(c byte) {
	row := s.rows[s.row]
	for len(row) <= s.col {
		row = append(row, ' ')
	}
	row[s.col] = c
	s.rows[s.row] = row
	s.col = min(s.col+1, s.width-1)
}

// write shows text; it must end between two sequences.
func (s *screen) write(text string) {
	s.t.Helper()
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\r':
			s.col = 0
		case '\n':
			s.index()
		case 0x1b:
			i += s.escape(text[i+1:])
		default:
			s.put(c)
		}
	}
}

// escape carries out a sequence and returns its length, without the ESC.
func (s *screen) escape(text string) int {
	s.t.Helper()
	switch text[0] {
	case '7':
		s.saved = []int{s.row, s.col}
		s.saves++
		return 1
	case '8':
		s.row, s.col = s.saved[0], s.saved[1]
		s.saves--
		return 1
	case 'D':
		s.index()
		return 1
	}
	end := strings.IndexAny(text, "rHKA")
	if text[0] != '[' || end < 0 {
		s.t.Fatalf("unknown sequence %q", text)
	}
	a, b := 1, len(s.rows)
	_, _ = fmt.Sscanf(text[1:end], "%d;%d", &a, &b)
	switch text[end] {
	case 'r':
		s.top, s.bottom, s.row, s.col = a-1, b-1, 0, 0
		if s.regions = 1; end == 1 {
			s.regions = 0
		}
	case 'H':
		s.row, s.col = a-1, b-1
	case 'K':
		s.rows[s.row] = nil
	case 'A':
		s.row = max(s.row-1, 0)
	}
	return end + 1
}
