# Many processes give files away at the same time, and make use of inodes again.
cat >Makefile <<'MAKE'
all := $(shell seq 40)
all: $(all)
$(all):
	@install -d -m 755 out
	@install -o $@ -g 1$@ -m 4755 Makefile out/$@
	@mv out/$@ out/moved$@ && cp -p out/moved$@ out/copy$@ && rm out/moved$@
	@ln out/copy$@ out/hard$@ && chgrp $@ out/hard$@ && chmod 6711 out/copy$@
MAKE
make -s -j8
settle out
list out
tar --sort=name --numeric-owner -cf result.tar out

each() { seq 120 | xargs -P 8 -n 8 sh -euc "for i; do $1; done" -; }
each 'mkdir -p dirs/$i; : >dirs/$i/file; chown $i:1$i dirs/$i/file; chmod 2700 dirs/$i'
find dirs -type d -perm 2700 | wc -l
find dirs -type f -printf '%U %G\n' | sort -n | uniq | wc -l
rm -r dirs
each 'mkdir -p dirs/$i; : >dirs/$i/file'
find dirs -printf '%y %u %g %m\n' | sort | uniq -c
