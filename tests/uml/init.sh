#!/bin/sh
# The first process of a User-Mode Linux that runs on this machine's own files, read only. It loads what the links need,
# runs `job.sh` in the folder that is handed in (writable, the only way out) and powers off.
#   kernel words: SHARED=folder
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mount -t hostfs none /mnt -o "$SHARED"
modules=/usr/lib/uml/modules/$(uname -r)

# modules.dep lists what a module needs, the last of it first.
load() {
    line=$(grep "/$1.ko:" "$modules/modules.dep") || { echo "no module $1"; return; }
    order=""
    for file in $(echo "$line" | tr -d ':'); do
        order="$file $order"
    done
    for file in $order; do
        busybox insmod "$modules/$file" 2> /dev/null
    done
}
for module in veth bridge sch_netem sch_tbf sch_htb cls_u32 iptable_raw ip6table_raw xt_statistic md5 hmac sctp; do
    load "$module"
done
# This kernel knows the older iptables alone, as after `update-alternatives --set iptables /usr/sbin/iptables-legacy`.
mkdir /run/older
for program in iptables-restore iptables-save ip6tables-restore ip6tables-save; do
    ln -s /usr/sbin/xtables-legacy-multi "/run/older/$program"
done
export PATH="/run/older:$PATH"
ip link set lo up
cd /mnt || exit
sh ./job.sh > log 2>&1
echo $? > status
sync
echo o > /proc/sysrq-trigger
sleep 10
