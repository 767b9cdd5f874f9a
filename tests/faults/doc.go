// Package faults holds tests of what happens when something breaks under catbox:
// it is killed, stopped, starved of descriptors, processes or room, or what it
// traces dies at the worst moment. Each time an error or a slower run is to
// come of it, never a hang and never a process that runs on unconfined.
package faults
