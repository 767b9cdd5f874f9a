// Package formats writes a build record for other programs: compile_commands.json, make
// dependencies, traces for Perfetto, graphs for Graphviz, provenance, bills of
// materials, and a report to look at in a browser.
//
// What it writes depends on the record alone, unless a function says otherwise.
package formats
