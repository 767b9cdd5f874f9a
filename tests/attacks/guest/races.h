// What the races share. One thread or process flips what a call means, between
// the allowed and the forbidden directory; another one makes the call, again and
// again, until it has won or the time is over (words[0], in milliseconds). How
// many tries that were is printed. With a + behind the number it goes on after it has won.
#include "guest.h"

// A flip makes the call mean what is allowed (side 0), or what is not (side 1).
typedef void (*flip)(int side);

// A call makes try number n and returns 1 if it knows that it has won. What changes
// the forbidden tree need not be told.
typedef int (*call)(long n);

// Who flips: a thread, or a process that shares what the flags of clone say, or
// one that shares only the memory of the board.
enum { THREAD = 0, PEER = 1 };

// race does all of it. It is made of start, go and stop, for races in which the
// callers are not what called race.
void race(int by, flip f, call c);
void start(int by, flip f);
void go(call c);
void stop(void);
void turn(flip f);        // flips until the race is over
void cannot(const char *); // says why a race cannot be run

// board is memory that children share.
struct board {
	volatile int over;
	char text[2048];
};
extern struct board *board;

// name is a path in the directory that is allowed, and flip_name makes it one in
// the other directory: a single byte of it changes. point says which path; if name
// is not set it lies in memory of the process. in_board puts it into the board.
extern char *name;
void point(const char *file);
void in_board(const char *file);
void flip_name(int side);

// two_names is a pair of directories or files, allowed and not.
extern char two_names[2][300];
void pair(const char *file);
