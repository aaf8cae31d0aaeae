#!/bin/sh
# Makes an image of unpacked packages: mmdebstrap runs this as its extract hook, with the root as the argument. No script of
# a package has run, so what those would have done and is wanted stands here.
set -eu
root=$1

# debconf brings perl, 80 MB, for questions that nobody asks here. Of this file system only: the machine's own /proc, /sys and
# devices are mounted below the root meanwhile.
find "$root" -xdev -depth \( -name 'perl*' -o -name 'libperl*' \) -exec rm -rf {} +
for path in usr/share/doc usr/share/man usr/share/locale usr/share/info usr/share/i18n usr/share/zoneinfo usr/share/lintian \
    usr/share/bash-completion usr/share/debconf usr/share/perl5 usr/share/bug usr/share/pixmaps usr/share/menu \
    usr/share/applications usr/include usr/games usr/src var/lib/apt var/lib/dpkg var/cache var/log var/backups boot; do
    rm -rf "${root:?}/$path"
done
rm -rf "$root"/usr/lib/*/gconv "$root"/usr/lib/*/audit "$root"/etc/apt "$root"/etc/cron.* "$root"/etc/init.d \
    "$root"/etc/dpkg "$root"/etc/systemd "$root"/usr/lib/systemd "$root"/lib/systemd "$root"/etc/resolv.conf "$root"/etc/hostname

mkdir -p "$root/etc" "$root/tmp" "$root/run" "$root/proc" "$root/sys" "$root/dev" "$root/root" "$root/var/tmp" "$root/usr/local/bin"
chmod 1777 "$root/tmp" "$root/var/tmp"
printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'probe:x:10001:10001:probe:/nonexistent:/bin/sh' \
    'nobody:x:65534:65534:nobody:/nonexistent:/bin/false' > "$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'probe:x:10001:' 'nogroup:x:65534:' > "$root/etc/group"
printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' 'protocols: files' 'services: files' > "$root/etc/nsswitch.conf"

# A shell for whoever looks into a probe; what a package brings stays, and the tools are never busybox's.
for name in sh ls cat echo sleep id kill ps mkdir rm cp mv env test true false grep head tail wc date hostname uname readlink; do
    [ -e "$root/bin/$name" ] || [ -e "$root/usr/bin/$name" ] || ln -s busybox "$root/bin/$name"
done
# The alternative that a script of the package would have chosen.
ln -sf traceroute.db "$root/usr/bin/traceroute"
# Nobody becomes anybody else in a probe.
find "$root" -xdev -type f -perm /6000 -exec chmod a-s {} +
ldconfig -r "$root"
