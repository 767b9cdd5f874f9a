// Package pathrules decides whether a canonical path is allowed by a list of
// rules: absolute path prefixes that end at a path component, and Perl regular
// expressions behind a "~".
//
// The package works on strings. It knows no file system, no process and no
// system call, and imports neither os nor unix: whoever asks brings a canonical
// path.
package pathrules
