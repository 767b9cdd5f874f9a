// Command module is built by a test.
package main

import "example.org/module/lib"

func main() { println(lib.Answer()) }
