/home/me/hello/a\ $$b.o \
/home/me/hello/hello.o: \
  /home/me/hello/Makefile \
  /home/me/hello/hello.c \
  /home/me/hello/sub/a\ $$b.c \
  /usr/bin/make \
  /usr/bin/x86_64-linux-gnu-gcc-12 \
  /usr/include/stdio.h

/home/me/hello/Makefile:

/home/me/hello/hello.c:

/home/me/hello/sub/a\ $$b.c:

/usr/bin/make:

/usr/bin/x86_64-linux-gnu-gcc-12:

/usr/include/stdio.h:
