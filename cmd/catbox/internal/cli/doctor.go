package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const doctorLong = `doctor says whether catbox works here, and what to do where it does not: it
looks at the kernel and at what restricts this process, then confines a few
commands and looks whether what is allowed works and what is not fails. The level
says how far the kernel itself stands behind the rules; run --require asks for one.

Exit status:

  0     confined commands work
  1     they do not
  125   wrong flags`

func (a *app) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "say whether catbox works on this machine, and what to do if not",
		Long:  doctorLong,
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list := inspect()
			tests := selfTest(cmd.Context())
			for _, f := range tests {
				if f.Level == levelBad {
					a.status = 1
				}
			}
			return a.printFindings(append(list, tests...), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// level says how much a finding matters.
type level string

const (
	levelGood level = "ok"
	levelInfo level = "info" // worth knowing, in no way wrong
	levelWarn level = "warn" // something works less well
	levelBad  level = "fail"
)

// finding is one line of the doctor.
type finding struct {
	Level  level  `json:"level"`
	Name   string `json:"name"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

func good(name, format string, args ...any) finding {
	return finding{Level: levelGood, Name: name, Detail: fmt.Sprintf(format, args...)}
}

func info(name, format string, args ...any) finding {
	return finding{Level: levelInfo, Name: name, Detail: fmt.Sprintf(format, args...)}
}

func warn(name, detail, remedy string) finding {
	return finding{Level: levelWarn, Name: name, Detail: detail, Remedy: remedy}
}

func bad(name, detail, remedy string) finding {
	return finding{Level: levelBad, Name: name, Detail: detail, Remedy: remedy}
}

func (a *app) printFindings(list []finding, asJSON bool) error {
	width := 0
	for _, f := range list {
		width = max(width, len(f.Name))
	}
	for _, f := range list {
		var line string
		if asJSON {
			data, err := json.Marshal(f)
			if err != nil {
				return fmt.Errorf("doctor: %w", err)
			}
			line = string(data) + "\n"
		} else {
			line = a.findingText(f, width)
		}
		if _, err := fmt.Fprint(a.out, line); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	if asJSON {
		return nil
	}
	verdict := a.outStyle.good("catbox works here")
	if a.status != 0 {
		verdict = a.outStyle.bad("catbox does not work here")
	}
	_, err := fmt.Fprintf(a.out, "\n%s\n", verdict)
	return err
}

func (a *app) findingText(f finding, width int) string {
	word := fmt.Sprintf("%-4s", f.Level)
	switch f.Level {
	case levelGood:
		word = a.outStyle.good(word)
	case levelWarn:
		word = a.outStyle.note(word)
	case levelBad:
		word = a.outStyle.bad(word)
	}
	text := fmt.Sprintf("%s  %-*s  %s\n", word, width, f.Name, f.Detail)
	if f.Remedy != "" {
		text += strings.Repeat(" ", 6+width+2) + "-> " + f.Remedy + "\n"
	}
	return text
}
