#include "main.h"

int main(void) { return puts("made") < 0; }
