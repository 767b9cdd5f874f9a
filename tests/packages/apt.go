package packages

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// apt is a private configuration of apt-get: the machine's own archives, but
// for sources, with lists and caches in a directory of ours.
type apt struct {
	dir string
}

// newApt derives the configuration from /etc/apt and /etc/os-release.
func newApt(dir string) (*apt, error) {
	parts := filepath.Join(dir, "parts")
	for _, sub := range []string{parts, filepath.Join(dir, "lists", "partial"), filepath.Join(dir, "cache", "archives", "partial")} {
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return nil, err
		}
	}
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return nil, err
	}
	codename := codename(string(release))
	files, err := filepath.Glob("/etc/apt/sources.list.d/*")
	if err != nil {
		return nil, err
	}
	var lists, stanzas strings.Builder
	for _, file := range append([]string{"/etc/apt/sources.list"}, files...) {
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		switch filepath.Ext(file) {
		case ".list":
			lists.WriteString(sourceLines(string(text), codename))
		case ".sources":
			stanzas.WriteString(sourceStanzas(string(text), codename))
		}
	}
	if lists.Len()+stanzas.Len() == 0 {
		return nil, fmt.Errorf("read /etc/apt: no archive for %q", codename)
	}
	for name, text := range map[string]string{"src.list": lists.String(), "src.sources": stanzas.String()} {
		if err := os.WriteFile(filepath.Join(parts, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return &apt{dir: dir}, nil
}

// download fetches the files of a source package into dir.
func (a *apt) download(ctx context.Context, name, dir string) error {
	if err := run(a.command(ctx, dir, "update")); err != nil {
		return err
	}
	return run(a.command(ctx, dir, "source", "--download-only", "--only-source", name))
}

// command prepares apt-get to run in dir.
func (a *apt) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	options := []string{
		"-qq",
		"-o", "Dir::Etc::SourceList=/dev/null",
		"-o", "Dir::Etc::SourceParts=" + filepath.Join(a.dir, "parts"),
		"-o", "Dir::State::Lists=" + filepath.Join(a.dir, "lists"),
		"-o", "Dir::Cache=" + filepath.Join(a.dir, "cache"),
		"-o", "Acquire::Languages=none",
		"-o", "Acquire::Retries=3",
		// The user that apt drops to may not enter a private cache.
		"-o", "APT::Sandbox::User=root",
	}
	cmd := exec.CommandContext(ctx, "apt-get", append(options, args...)...)
	cmd.Dir = dir
	return cmd
}

// codename returns VERSION_CODENAME of an os-release(5) file, or "".
func codename(release string) string {
	for line := range strings.Lines(release) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return strings.Trim(name, `"'`)
		}
	}
	return ""
}

// ofRelease says whether a suite belongs to the distribution itself. The
// archives of third parties seldom offer sources, and one missing index fails
// the whole update.
func ofRelease(suite, codename string) bool {
	return suite == codename || suite == "stable" ||
		strings.HasPrefix(suite, codename+"-") || strings.HasPrefix(suite, codename+"/")
}

// sourceLines turns the "deb" lines of a sources.list(5) file that belong to
// the distribution into "deb-src" lines.
func sourceLines(text, codename string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		entry, ok := strings.CutPrefix(strings.TrimSpace(line), "deb ")
		if !ok {
			continue
		}
		rest := strings.TrimSpace(entry)
		if strings.HasPrefix(rest, "[") {
			_, rest, _ = strings.Cut(rest, "]")
		}
		if fields := strings.Fields(rest); len(fields) >= 2 && ofRelease(fields[1], codename) {
			fmt.Fprintf(&out, "deb-src %s\n", entry)
		}
	}
	return out.String()
}

// sourceStanzas does the same for a deb822 file.
func sourceStanzas(text, codename string) string {
	var out strings.Builder
	for stanza := range strings.SplitSeq(text, "\n\n") {
		var kept strings.Builder
		binary, ours := false, false
		for line := range strings.Lines(stanza) {
			field, value, _ := strings.Cut(line, ":")
			switch strings.ToLower(field) {
			case "types":
				for kind := range strings.FieldsSeq(value) {
					binary = binary || kind == "deb"
				}
				continue
			case "suites":
				for suite := range strings.FieldsSeq(value) {
					ours = ours || ofRelease(suite, codename)
				}
			}
			kept.WriteString(strings.TrimRight(line, "\n") + "\n")
		}
		if binary && ours {
			fmt.Fprintf(&out, "Types: deb-src\n%s\n", kept.String())
		}
	}
	return out.String()
}
