# What the recipes share. Each of them starts in an empty directory, prints what
# programs see and leaves archives named result.*; all of it must be the same, to
# the bit, whoever runs it.

# Any time but now.
export SOURCE_DATE_EPOCH=1600000000

# settle DIR: every time stamp is the same.
settle() { find "$1" -depth -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +; }

# list DIR: what stat(2) and readdir(3) say of everything in DIR. The size of a
# directory and the order of its entries are the file system's own.
list() {
	(cd "$1" && find . \( -type d -printf '%P %y %#m %U:%G\n' \) -o -printf '%P %y %#m %U:%G %n links, size %s %l\n' | sort)
}

# same FILE FILE...: these are equal.
same() {
	first=$1
	shift
	for other; do cmp "$first" "$other"; done
}

# tree: a small root file system of everything that packages and images are made
# of, in the directory tree.
tree() {
	mkdir -p tree/bin tree/dev tree/etc tree/home/joe/sub tree/tmp tree/var/mail tree/run
	echo su >tree/bin/su
	echo wall >tree/bin/wall
	echo sh >tree/bin/sh
	ln tree/bin/sh tree/bin/rsh
	ln -s sh tree/bin/ash
	: >tree/etc/empty
	echo root:x >tree/etc/shadow
	echo secret >tree/etc/key
	seq 2000 >tree/home/joe/numbers
	echo notes >tree/home/joe/sub/notes
	ln -s /nowhere tree/home/joe/dangling
	chmod 4755 tree/bin/su
	chmod 2755 tree/bin/wall
	chmod 1777 tree/tmp
	chmod 2775 tree/var/mail
	chmod 0000 tree/etc/key
	chmod 0700 tree/home/joe/sub
	chown -R 4711:4712 tree/home/joe
	chown -h 4711:4712 tree/home/joe/dangling
	chown daemon:bin tree/bin/rsh
	chown :42 tree/etc/shadow
	chmod 0640 tree/etc/shadow
	chown 100000:8 tree/var/mail
	chgrp 5 tree/bin/wall # takes the setgid bit away
	chmod g+s tree/bin/wall
	mknod -m 666 tree/dev/null c 1 3
	mknod -m 660 tree/dev/sda b 8 0
	mknod tree/dev/nvme c 240 70000
	chown 0:6 tree/dev/sda
	mkfifo -m 600 tree/run/pipe
	chown 33:33 tree/run/pipe
	settle tree
}
