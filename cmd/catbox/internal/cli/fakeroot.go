package cli

import (
	"errors"
	"io/fs"

	"github.com/spf13/pflag"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/catbox/fakeroot"
)

// fakerootFlags are the flags of catbox run about faked ownership.
type fakerootFlags struct {
	kind       catbox.Fakeroot
	unknown    fakeroot.Unknown
	status     bool
	save, load string
}

func (f *fakerootFlags) register(flags *pflag.FlagSet) {
	flags.Var(newWord(&f.kind, fakerootWords()), "fakeroot", "let the command believe to be root: full, lie or off (--fakeroot alone is full)")
	flags.Lookup("fakeroot").NoOptDefVal = catbox.FakerootFull.String()
	flags.BoolVar(&f.status, "fakeroot-status", false, "fake /proc/PID/status too, which makes every open dearer")
	flags.StringVar(&f.save, "fakeroot-save", "", "keep what is recorded in `FILE`, as it happens")
	flags.StringVar(&f.load, "fakeroot-load", "", "begin with what `FILE` has recorded")
	flags.Var(newWord(&f.unknown, unknownWords()), "fakeroot-unknown", "whose files show as root's that have no record: own, root (all) or real (none)")
}

func fakerootWords() []string {
	return []string{catbox.FakerootOff.String(), catbox.FakerootFull.String(), catbox.FakerootLie.String()}
}

// open gives the sandbox what the files of the flags hold. The function that it
// returns has to be called at the end.
func (f *fakerootFlags) open(box *catbox.Sandbox) (end func() error, err error) {
	end = func() error { return nil }
	if f.kind != catbox.FakerootFull {
		for flag, file := range map[string]string{"--fakeroot-save": f.save, "--fakeroot-load": f.load} {
			if file != "" {
				return nil, usagef("add --fakeroot", "%s without --fakeroot", flag)
			}
		}
		return end, nil
	}
	loaded := fakeroot.New()
	if f.load != "" {
		if loaded, err = fakeroot.Load(f.load); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, usagef("--fakeroot-save makes such a file", "--fakeroot-load: %w", err)
			}
			return nil, usagef("", "--fakeroot-load: %w", err)
		}
	}
	if f.save == "" {
		box.Ownership = loaded.Recorder()
		return end, nil
	}
	store, err := fakeroot.Open(f.save)
	if err != nil {
		return nil, usagef("", "--fakeroot-save: %w", err)
	}
	for r := range loaded.All() {
		if err := store.Put(r); err != nil {
			return nil, errors.Join(err, store.Close())
		}
	}
	box.Ownership = store
	return store.Close, nil
}
