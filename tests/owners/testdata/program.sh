# A program that asks the kernel itself: PROGRAM.
mkdir tree
(cd tree && "$PROGRAM")
settle tree
tar --sort=name --numeric-owner -cf result.tar tree
