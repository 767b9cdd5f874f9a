mkdir -p top
cat >become.spec <<'SPEC'
Name: become
Version: 1
Release: 1
Summary: A test
License: MIT
BuildArch: noarch
%description
Owners by name, and as they are on disk.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/var/spool/become %{buildroot}/dev
echo become >%{buildroot}/usr/bin/become
echo deliver >%{buildroot}/usr/bin/deliver
echo plain >%{buildroot}/usr/bin/plain
ln -s plain %{buildroot}/usr/bin/also
chmod 755 %{buildroot}/usr/bin/plain
chown daemon:mail %{buildroot}/usr/bin/deliver
chmod 2711 %{buildroot}/usr/bin/deliver
mknod -m 600 %{buildroot}/dev/door c 10 77
chown 33:33 %{buildroot}/var/spool/become
find %{buildroot} -exec touch -h -d @1600000000 {} +
%files
%defattr(-, -, -, -)
%attr(4755, root, daemon) /usr/bin/become
%attr(0640, -, 8) /dev/door
/usr/bin/deliver
/usr/bin/plain
/usr/bin/also
%dir %attr(2770, -, mail) /var/spool/become
SPEC
rpmbuild -bb --quiet --nodeps --define "_topdir $PWD/top" --define "_tmppath $PWD" --define "_dbpath $PWD/db" \
	--define '_buildhost host' --define 'use_source_date_epoch_as_buildtime 1' --define '_build_id_links none' \
	--define '_binary_payload w0.gzdio' become.spec >log 2>&1 || { cat log; exit 1; }
cp top/RPMS/noarch/become-1-1.noarch.rpm result.rpm
rpm -qp --dbpath "$PWD/db" --qf '[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILERDEVS} %{FILENAMES}\n]' result.rpm
rpm2cpio result.rpm >result.cpio
cpio --quiet -itvn <result.cpio | awk '{ print $1, $3, $4, $NF }'
