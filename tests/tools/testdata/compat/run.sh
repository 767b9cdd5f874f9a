gcc -m32 -pthread -o p p.c
./p
cat piped
echo done
