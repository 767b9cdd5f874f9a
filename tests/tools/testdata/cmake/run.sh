cmake -S . -B build -G Ninja >log
ninja -C build -j8 >log
(cd build && ctest -j4 | grep 'tests passed')
DESTDIR="$PWD/dest" ninja -C build install >log
ninja -C build | tail -1
touch f2.c
ninja -C build >log
ninja -C build -t clean >log
ls dest/usr/local/bin
echo done
