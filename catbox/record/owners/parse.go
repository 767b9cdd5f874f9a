package owners

import (
	"context"
	"strings"
)

// dpkgOwners asks dpkg-query(1). It takes patterns, so that what means something in
// one is escaped.
func dpkgOwners(ctx context.Context, m *Manager, paths []string) (map[string][]Package, error) {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)
	argv := []string{"dpkg-query", "--search", "--"}
	for _, path := range paths {
		argv = append(argv, escape.Replace(path))
	}
	out, err := m.run(ctx, argv...)
	if err != nil {
		return nil, err
	}
	names, ids := parseSearch(string(out))
	if len(ids) == 0 {
		return nil, nil
	}
	const format = "${binary:Package}\t${Package}\t${Version}\t${Architecture}\t${Provides}\n"
	out, err = m.run(ctx, append([]string{"dpkg-query", "--show", "--showformat=" + format, "--"}, ids...)...)
	if err != nil {
		return nil, err
	}
	packages := parseShow(string(out))
	owners := map[string][]Package{}
	for path, list := range names {
		for _, id := range list {
			if p, ok := packages[id]; ok {
				owners[path] = append(owners[path], p)
			}
		}
	}
	return owners, nil
}

// parseSearch reads lines such as "libc6:amd64, libc6:i386: /lib/ld.so". Lines about
// diversions name no package.
func parseSearch(out string) (owners map[string][]string, all []string) {
	owners = map[string][]string{}
	seen := map[string]bool{}
	for line := range strings.Lines(out) {
		names, path, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": /")
		if !ok || strings.HasPrefix(names, "diversion by ") || strings.HasPrefix(names, "local diversion ") {
			continue
		}
		for name := range strings.SplitSeq(names, ", ") {
			owners["/"+path] = append(owners["/"+path], name)
			if !seen[name] {
				seen[name] = true
				all = append(all, name)
			}
		}
	}
	return owners, all
}

// parseShow reads what dpkgOwners asks for. A package that is there once is also known
// by its name with the architecture.
func parseShow(out string) map[string]Package {
	packages := map[string]Package{}
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			continue
		}
		p := Package{Name: f[1], Version: f[2], Arch: f[3]}
		for item := range strings.SplitSeq(f[4], ",") {
			if name, _, _ := strings.Cut(strings.TrimSpace(item), " "); name != "" {
				p.Provides = append(p.Provides, name)
			}
		}
		packages[f[0]] = p
		packages[f[1]+":"+f[3]] = p
	}
	return packages
}

// rpmOwners asks rpm(8), which does not say which file a line is about: with more
// owners than files it is asked for each file.
func rpmOwners(ctx context.Context, m *Manager, paths []string) (map[string][]Package, error) {
	const format = "%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\n"
	out, err := m.run(ctx, append([]string{"rpm", "--query", "--file", "--queryformat", format, "--"}, paths...)...)
	if err != nil {
		return nil, err
	}
	owners := map[string][]Package{}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	switch {
	case len(paths) == 1:
		for _, line := range lines {
			if p, ok := parseRPM(line); ok {
				owners[paths[0]] = append(owners[paths[0]], p)
			}
		}
		return owners, nil
	case len(lines) == len(paths):
		for i, line := range lines {
			if p, ok := parseRPM(line); ok {
				owners[paths[i]] = []Package{p}
			}
		}
		return owners, nil
	}
	for _, path := range paths {
		one, err := rpmOwners(ctx, m, []string{path})
		if err != nil {
			return nil, err
		}
		if len(one[path]) > 0 {
			owners[path] = one[path]
		}
	}
	return owners, nil
}

func parseRPM(line string) (Package, bool) {
	f := strings.Split(line, "\t")
	if len(f) != 3 {
		return Package{}, false // "file /x is not owned by any package"
	}
	return Package{Name: f[0], Version: f[1], Arch: f[2]}, true
}

// pacmanOwners asks pacman(8) of Arch.
func pacmanOwners(ctx context.Context, m *Manager, paths []string) (map[string][]Package, error) {
	out, err := m.run(ctx, append([]string{"pacman", "--query", "--owns", "--"}, paths...)...)
	if err != nil {
		return nil, err
	}
	owners := map[string][]Package{}
	for path, text := range owned(string(out)) {
		if name, version, ok := strings.Cut(text, " "); ok {
			owners[path] = append(owners[path], Package{Name: name, Version: version})
		}
	}
	return owners, nil
}

// owned yields what lines such as "/usr/bin/gcc is owned by gcc 13.2.1-3" say.
func owned(out string) func(yield func(path, owner string) bool) {
	return func(yield func(path, owner string) bool) {
		const words = " is owned by "
		for line := range strings.Lines(out) {
			line = strings.TrimSuffix(line, "\n")
			at := strings.LastIndex(line, words)
			if at >= 0 && !yield(line[:at], line[at+len(words):]) {
				return
			}
		}
	}
}
