// Package pathrules decides whether a canonical path is allowed by a list of
// rules: absolute path prefixes that end at a path component, and Perl regular
// expressions behind a "~".
//
// The package works on strings. It knows no file system, no process and no
// system call, and imports neither os nor unix: whoever asks brings a canonical
// path.
//
// # Prefixes
//
// A rule that begins with "/" allows the path that it names and everything
// below:
//
//	/build     /build, /build/x, /build/x/y; not /buildx, not /
//	/build/    the same
//	//build/.  the same: empty components and "." are removed
//	/          every path
//
// Nothing in a prefix is special: "*" is a star, and bytes that are no UTF-8 are
// themselves. ".." is an error, because where it leads is not a matter of text.
// So are an empty rule, a relative path and a NUL byte.
//
// # Regular expressions
//
// A rule that begins with "~" is a Perl regular expression that is searched for
// in the path. It need not match the whole path, so most want an anchor:
//
//	~^/tmp/cc[A-Za-z0-9]{6}\.(o|s|res)\z    the temporary files of a compiler
//	~^/home/[^/]+/\.ccache/                 what lies in the cache of anybody
//	~\.pyc\z                                every file with this ending, wherever it lies
//	~/build                                 every path that contains this, /etc/buildx too; "~" is no home directory
//
// Mind what Perl does with newlines, which names of files may contain: "." does
// not match them unless the rule says (?s), and "$" matches before one at the end
// of the path. "\z" is the end and nothing else.
//
// A regular expression sees characters. Bytes of a path that are no valid UTF-8
// appear as one character each, U+DC00 plus the byte: \udcff is the byte 0xff.
// No valid UTF-8 encodes these characters, so two different paths always look
// different, and a "." or a negated class matches one such byte. A rule itself
// must be valid UTF-8.
//
// # Decisions
//
// A path is allowed if an allow rule matches it and no deny rule does. Neither
// the order nor the length of rules matters: a deny rule wins over every allow
// rule. Without rules nothing is allowed.
//
// Paths must be canonical. A relative path, one that has "", "." or ".." for a
// component or a "/" at its end, one that holds a NUL byte, and one longer than
// MaxPath is refused, whatever the rules say.
//
// # Bounds
//
// A prefix costs the same however many there are. A regular expression can take
// time that grows exponentially with the path, and the path may come from
// somebody hostile. So each search is bounded by MatchTimeout and by the size of
// the stack of the engine. A search that reaches a bound has not decided: if the
// rule is a deny rule, the path is refused; if it is an allow rule, it allows
// nothing, and the path is refused unless another rule allows it. Match.Err tells
// which rule it was. A rule that failed so on MaxFailures paths is not tried
// again by this Set, with the same outcome, at once, for every further path. Thus
// all the paths together can take from each rule no more than about MaxFailures
// times three times MatchTimeout, or once more for each goroutine that was
// already searching.
//
// The engine reads the time from a clock that it shares among all regular
// expressions of the process: a goroutine which wakes up every 100 ms, and which
// ends by itself within about 1.5 s of the last search. Sets without regular
// expressions start none.
//
// # Current limitations
//
// The rules see names. A deny rule inside of an allowed directory is about what
// lies at that name: who may rename the directories above it can give it another
// name. Whoever decides about renames has to ask for both names and, with
// Directory, whether something below is denied.
package pathrules
