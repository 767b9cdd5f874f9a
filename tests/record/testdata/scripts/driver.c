/* A static program that becomes the compiler, as drivers do. */
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argc;
	argv[0] = "cc";
	execv("/nonexistent/cc", argv);
	execvp("cc", argv);
	return 127;
}
