# Accounts of a root file system, by the tools that root has for it.
mkdir -p root/etc root/home
echo 'root:x:0:0::/root:/bin/sh' >root/etc/passwd
echo 'root:x:0:' >root/etc/group
echo 'root:*:19000::::::' >root/etc/shadow
echo 'root:*::' >root/etc/gshadow
chgrp 42 root/etc/shadow root/etc/gshadow
chmod 640 root/etc/shadow root/etc/gshadow
groupadd -P "$PWD/root" -g 4712 people
useradd -P "$PWD/root" -u 4711 -g 4712 -m -s /bin/sh -k /nonexistent -K UID_MAX=5000 joe
mkdir root/home/jane
useradd -P "$PWD/root" -u 4713 -g 4712 -M -s /bin/sh -d /home/jane -K UID_MAX=5000 jane
chown -R 4713:4712 root/home/jane
userdel -P "$PWD/root" joe
list root
cat root/etc/passwd root/etc/group
su root -c 'id -u'
su -s /bin/sh nobody -c 'id -u'
settle root
tar --sort=name --numeric-owner -cf result.tar root/home root/etc/passwd root/etc/group
