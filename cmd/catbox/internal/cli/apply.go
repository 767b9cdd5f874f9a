package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
)

const applyLong = `apply gives DIR and what is in it the owners, modes, devices and attributes that a run
with faked ownership has recorded. Only root can, or who has the capabilities: it is
for a tree that an ordinary user has built, where root wants the tree and no archive.

Until it is done DIR is open to its caller only; after an error it stays so, and apply
can be run again. Links are not followed.

The records make set-user-ID programs and device nodes: apply only those you trust, to
a tree that nobody else has files open in.

Exit status:

  0     it is done
  1     it is not, or not all
  125   wrong flags`

func (a *app) applyCommand() *cobra.Command {
	var state string
	unknown := fakeroot.UnknownRoot
	cmd := &cobra.Command{
		Use:               "apply [flags] --state FILE DIR",
		Short:             "make faked owners real, as root",
		Long:              applyLong,
		Example:           `  sudo catbox apply --state own.jsonl pkg`,
		Args:              oneDirectory,
		ValidArgsFunction: directories,
		RunE: func(_ *cobra.Command, args []string) error {
			if state == "" {
				return usagef("--state is the FILE of catbox run --fakeroot-save", "no --state given")
			}
			return a.apply(state, unknown, args[0])
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&state, "state", "", "take what is faked from `FILE`")
	cmd.Flags().Var(newWord(&unknown, unknownWords()), "unknown", "owner of files without a record: own (root, if they are yours), root or real")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("unknown", cobra.FixedCompletions(unknownWords(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (a *app) apply(state string, unknown fakeroot.Unknown, dir string) error {
	db, err := loadState(state)
	if err != nil {
		return err
	}
	found := 0
	opts := fakeroot.WalkOptions{Unknown: unknown, Seen: func(e *fakeroot.Entry) {
		if e.Record != nil {
			found++
		}
	}}
	if err := db.Apply(dir, fakeroot.ApplyOptions{WalkOptions: opts}); err != nil {
		hint := ""
		if errors.Is(err, unix.EPERM) {
			hint = "only root can: sudo catbox apply ..., or make an archive with catbox export"
		}
		return &taskError{err: err, hint: hint}
	}
	a.noteStrangers(state, db, dir, found)
	return nil
}
