// Package owners says which packages of the distribution the files of a build belong
// to, by asking the package manager's own program: dpkg-query, rpm, apk or pacman.
//
// It also reads lists of packages that a source package declares, and compares.
package owners
