/* Greetings. */
#ifndef GREET_H
#define GREET_H

#include <stddef.h>

/*
 * greet writes a greeting for name into buf, of size bytes, and returns its
 * length; or -1 if it does not fit.
 */
int greet(char *buf, size_t size, const char *name);

#endif
