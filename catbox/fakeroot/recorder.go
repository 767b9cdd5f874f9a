package fakeroot

// Recorder is where a run records what it fakes: a [Store], or [DB.Recorder].
type Recorder interface {
	DB() *DB // which Put and Remove change
	Put(*Record) error
	Remove(Key) error
}

var _ Recorder = (*Store)(nil)

// Recorder returns a Recorder that changes nothing but db.
func (db *DB) Recorder() Recorder { return inMemory{db} }

type inMemory struct{ db *DB }

func (m inMemory) DB() *DB { return m.db }

func (m inMemory) Put(r *Record) error {
	m.db.Put(r)
	return nil
}

func (m inMemory) Remove(k Key) error {
	m.db.Remove(k)
	return nil
}
