package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// wire is an event as encoding/json sees it: the event itself, and the exact bytes
// of those of its strings that JSON cannot hold, in members with the suffix "_bytes".
type wire interface {
	// restore puts the exact bytes back after decoding.
	restore()
}

// exact returns the bytes of a string that is no UTF-8, or nil.
func exact(s string) []byte {
	if utf8.ValidString(s) {
		return nil
	}
	return []byte(s)
}

// exactAll returns the bytes of all strings if one of them is no UTF-8, or nil.
func exactAll(list []string) [][]byte {
	for _, s := range list {
		if !utf8.ValidString(s) {
			all := make([][]byte, len(list))
			for i, s := range list {
				all[i] = []byte(s)
			}
			return all
		}
	}
	return nil
}

// exactLists returns the bytes of the lists in which a string is no UTF-8, nil for the
// others, or nil if there is none.
func exactLists(lists [][]string) [][][]byte {
	var all [][][]byte
	for i, list := range lists {
		if bytes := exactAll(list); bytes != nil {
			if all == nil {
				all = make([][][]byte, len(lists))
			}
			all[i] = bytes
		}
	}
	return all
}

func restore(s *string, bytes []byte) {
	if bytes != nil {
		*s = string(bytes)
	}
}

func restoreAll(list []string, bytes [][]byte) {
	for i := range min(len(list), len(bytes)) {
		list[i] = string(bytes[i])
	}
}

type (
	plainRun       Run
	plainStart     Start
	plainExec      Exec
	plainExit      Exit
	plainNetwork   Network
	plainViolation Violation
	plainOwner     Owner
	plainHash      Hash
	plainEnd       End
)

type runWire struct {
	Type string `json:"type"`
	*plainRun
	ArgvBytes     [][]byte          `json:"argv_bytes,omitempty"`
	CommandsBytes [][][]byte        `json:"commands_bytes,omitempty"`
	DirBytes      []byte            `json:"dir_bytes,omitempty"`
	SearchBytes   [][]byte          `json:"search_bytes,omitempty"`
	ValuesBytes   map[string][]byte `json:"values_bytes,omitempty"`
}

func (r *Run) wire() wire {
	w := &runWire{"run", (*plainRun)(r), exactAll(r.Argv), exactLists(r.Commands), exact(r.Dir), exactAll(r.Search), nil}
	for name, value := range r.Values {
		if bytes := exact(value); bytes != nil {
			if w.ValuesBytes == nil {
				w.ValuesBytes = map[string][]byte{}
			}
			w.ValuesBytes[name] = bytes
		}
	}
	return w
}

func (w *runWire) restore() {
	restoreAll(w.Argv, w.ArgvBytes)
	for i := range min(len(w.Commands), len(w.CommandsBytes)) {
		restoreAll(w.Commands[i], w.CommandsBytes[i])
	}
	restore(&w.Dir, w.DirBytes)
	restoreAll(w.Search, w.SearchBytes)
	for name, bytes := range w.ValuesBytes {
		if _, ok := w.Values[name]; ok {
			w.Values[name] = string(bytes)
		}
	}
}

type startWire struct {
	Type string `json:"type"`
	*plainStart
}

func (s *Start) wire() wire { return &startWire{s.kind(), (*plainStart)(s)} }
func (*startWire) restore() {}

type execWire struct {
	Type string `json:"type"`
	*plainExec
	PathBytes []byte   `json:"path_bytes,omitempty"`
	NameBytes []byte   `json:"name_bytes,omitempty"`
	ArgvBytes [][]byte `json:"argv_bytes,omitempty"`
	DirBytes  []byte   `json:"dir_bytes,omitempty"`
}

func (e *Exec) wire() wire {
	return &execWire{e.kind(), (*plainExec)(e), exact(e.Path), exact(e.Name), exactAll(e.Argv), exact(e.Dir)}
}

func (w *execWire) restore() {
	restore(&w.Path, w.PathBytes)
	restore(&w.Name, w.NameBytes)
	restoreAll(w.Argv, w.ArgvBytes)
	restore(&w.Dir, w.DirBytes)
}

// MarshalJSON implements json.Marshaler.
func (i Interpreter) MarshalJSON() ([]byte, error) {
	return json.Marshal(interpreterWire{i.Path, exact(i.Path), i.Kind})
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *Interpreter) UnmarshalJSON(data []byte) error {
	var w interpreterWire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	restore(&w.Path, w.PathBytes)
	i.Path, i.Kind = w.Path, w.Kind
	return nil
}

type interpreterWire struct {
	Path      string `json:"path"`
	PathBytes []byte `json:"path_bytes,omitempty"`
	Kind      string `json:"kind"`
}

type exitWire struct {
	Type string `json:"type"`
	*plainExit
}

func (e *Exit) wire() wire { return &exitWire{e.kind(), (*plainExit)(e)} }
func (*exitWire) restore() {}

type networkWire struct {
	Type string `json:"type"`
	*plainNetwork
	AddressBytes []byte `json:"address_bytes,omitempty"`
}

func (n *Network) wire() wire {
	return &networkWire{n.kind(), (*plainNetwork)(n), exact(n.Address)}
}

func (w *networkWire) restore() { restore(&w.Address, w.AddressBytes) }

type violationWire struct {
	Type string `json:"type"`
	*plainViolation
	PathBytes      []byte `json:"path_bytes,omitempty"`
	CanonicalBytes []byte `json:"canonical_bytes,omitempty"`
	AddressBytes   []byte `json:"address_bytes,omitempty"`
}

func (v *Violation) wire() wire {
	return &violationWire{v.kind(), (*plainViolation)(v), exact(v.Path), exact(v.Canonical), exact(v.Address)}
}

func (w *violationWire) restore() {
	restore(&w.Path, w.PathBytes)
	restore(&w.Canonical, w.CanonicalBytes)
	restore(&w.Address, w.AddressBytes)
}

type ownerWire struct {
	Type string `json:"type"`
	*plainOwner
	PathBytes []byte `json:"path_bytes,omitempty"`
}

func (o *Owner) wire() wire   { return &ownerWire{o.kind(), (*plainOwner)(o), exact(o.Path)} }
func (w *ownerWire) restore() { restore(&w.Path, w.PathBytes) }

type hashWire struct {
	Type string `json:"type"`
	*plainHash
	PathBytes []byte `json:"path_bytes,omitempty"`
}

func (h *Hash) wire() wire   { return &hashWire{h.kind(), (*plainHash)(h), exact(h.Path)} }
func (w *hashWire) restore() { restore(&w.Path, w.PathBytes) }

type endWire struct {
	Type string `json:"type"`
	*plainEnd
}

func (e *End) wire() wire { return &endWire{e.kind(), (*plainEnd)(e)} }
func (*endWire) restore() {}

type filesWire struct {
	Type    string     `json:"type"`
	Process int        `json:"process"`
	Entries []fileWire `json:"entries"`
	files   *Files
}

type fileWire struct {
	Path      string               `json:"path"`
	PathBytes []byte               `json:"path_bytes"`
	Ops       map[string][2]uint64 `json:"ops"`
	Errnos    []string             `json:"errnos"`
	From      []otherWire          `json:"from"`
	To        []otherWire          `json:"to"`
	Links     []otherWire          `json:"links"`
}

type otherWire struct {
	Seq       uint64 `json:"seq"`
	Path      string `json:"path"`
	PathBytes []byte `json:"path_bytes"`
}

// wire is for decoding only: appendFiles encodes, several times as fast.
func (f *Files) wire() wire { return &filesWire{files: f} }

func (w *filesWire) restore() {
	w.files.Process = w.Process
	w.files.Entries = make([]File, len(w.Entries))
	for i := range w.Entries {
		w.Entries[i].restore(&w.files.Entries[i])
	}
}

func (w *fileWire) restore(f *File) {
	restore(&w.Path, w.PathBytes)
	f.Path, f.Errnos = w.Path, w.Errnos
	f.From, f.To, f.Links = others(w.From), others(w.To), others(w.Links)
}

func others(list []otherWire) []Other {
	var others []Other
	for _, m := range list {
		restore(&m.Path, m.PathBytes)
		others = append(others, Other{m.Seq, m.Path})
	}
	return others
}

// decode returns the event of a line, or nil for one of a kind that only a later
// version knows.
func decode(line []byte) (Event, error) {
	e := newEvent(kindOf(line))
	if e == nil {
		var probe struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal(line, &probe); err != nil {
			return nil, err
		}
		if e = newEvent(probe.Type); e == nil {
			return nil, nil
		}
	}
	w := e.wire()
	if err := json.Unmarshal(line, w); err != nil {
		return nil, err
	}
	w.restore()
	return e, check(e, w)
}

// kindOf returns what seems to be the member "type", if it is the first one and not
// followed by another one of that name.
func kindOf(line []byte) string {
	rest, ok := bytes.CutPrefix(line, []byte(`{"type":"`))
	kind, _, ended := bytes.Cut(rest, []byte(`"`))
	if !ok || !ended {
		return ""
	}
	return string(kind)
}

// check refuses what no writer writes, so that nobody else has to.
func check(e Event, w wire) error {
	switch e := e.(type) {
	case *Run:
		if e.Version != Version {
			return fmt.Errorf("%w: %d, this is version %d", ErrVersion, e.Version, Version)
		}
	case *Start:
		if e.ID <= 0 || e.ID > math.MaxInt32 || e.Parent < 0 || e.Parent >= e.ID {
			return fmt.Errorf("process %d with parent %d", e.ID, e.Parent)
		}
	case *Files:
		if e.Process < 0 || e.Process > math.MaxInt32 {
			return fmt.Errorf("files of process %d", e.Process)
		}
		for i := range e.Entries {
			if err := e.Entries[i].Ops.fromMap(w.(*filesWire).Entries[i].Ops); err != nil {
				return fmt.Errorf("entry %d: %w", i, err)
			}
		}
		// What has only operations of a later version.
		e.Entries = slices.DeleteFunc(e.Entries, func(f File) bool { return f.Ops.Set() == 0 })
	}
	return nil
}
