/* `make check`: what greet promises. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "greet.h"

#define GREETING "Hello, you, from " PACKAGE " " VERSION " (" BITS " bits)."

int main(void)
{
	char buf[sizeof GREETING];
	int bad = 0;

	if (greet(buf, sizeof buf, "you") != (int)strlen(GREETING) || strcmp(buf, GREETING) != 0) {
		fprintf(stderr, "FAIL: \"%s\" is not the greeting\n", buf);
		bad = 1;
	}
	if (greet(buf, sizeof buf - 1, "you") != -1) {
		fputs("FAIL: a buffer one byte short is not noticed\n", stderr);
		bad = 1;
	}
	puts(bad ? "1 test, failed" : "1 test, passed");
	return bad;
}
