// Package tools holds end-to-end tests of catbox with the tools that packages
// are built with: compilers, make, interpreters, archivers.
package tools
