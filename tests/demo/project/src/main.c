#include <stdio.h>
#include <stdlib.h>

#include "greet.h"

int main(int argc, char **argv)
{
	char line[128];

	if (greet(line, sizeof line, argc > 1 ? argv[1] : "world") < 0) {
		fputs("catbox-demo: the name is too long\n", stderr);
		return EXIT_FAILURE;
	}
	puts(line);
	return EXIT_SUCCESS;
}
