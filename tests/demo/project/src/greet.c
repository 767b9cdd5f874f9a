#include "greet.h"

#include <stdio.h>

#include "config.h"

int greet(char *buf, size_t size, const char *name)
{
	int n = snprintf(buf, size, "Hello, %s, from %s %s (%s bits).", name, PACKAGE, VERSION, BITS);

	return n >= 0 && (size_t)n < size ? n : -1;
}
