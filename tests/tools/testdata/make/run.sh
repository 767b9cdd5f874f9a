for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	mkdir m$i
	echo "int f$i(void) { return $i; }" >m$i/f.c
	printf 'f.o: f.c\n\t$(CC) -c -o $@ f.c\n' >m$i/Makefile
done
make -s -j8
ar t lib.a | wc -l
make -j8 -q lib.a || echo again
make -s fail 2>&1 || echo failed
gcc -g -flto=2 -shared -fPIC -o lib.so m*/f.c
ls lib.so
echo done
