#!/busybox sh
# First process of a test machine. It carries out what the test asks for over the virtio port, as file
# descriptor 3: a request is a line "ID SIZE" and SIZE bytes of a shell script; its reply is a line
# "ID EXIT_CODE SIZE_OF_STDOUT SIZE_OF_STDERR" and the two. Requests run at once, replies come as they end.
export PATH=/opt/cni/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

give_up() {
  echo "vm: $*" >/dev/console
  poweroff -f
}

# Its other commands are found by way of /proc.
/busybox mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /dev/net
# As Debian makes it at its boot (kmod static-nodes): who opens it has the kernel load the module.
[ -e /dev/net/tun ] || mknod -m 666 /dev/net/tun c 10 200
mount -t devpts devpts /dev/pts
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mkdir -p /run/netns /run/lock /run/vm
while read -r module || [ -n "$module" ]; do
  insmod "$module" || give_up "the module $module was not loaded"
done </modules/list
mount -t erofs -o ro /dev/vda /usr || give_up "the disk was not mounted"
port=$(ls /dev/vport*p1) || give_up "there is no port to the test"
exec 3<>"$port"
hostname vm
ip link set lo up

# Results go through this queue to one writer, so that replies do not mix.
mkfifo /run/vm/ended
exec 4<>/run/vm/ended
while read -r id code <&4; do
  at=/run/vm/$id
  echo "$id $code $(stat -c %s "$at.out") $(stat -c %s "$at.err")" >&3
  cat "$at.out" "$at.err" >&3
  rm -f "$at" "$at.out" "$at.err"
done &

echo "0 0 0 0" >&3
while read -r id size <&3; do
  dd bs="$size" count=1 iflag=fullblock of="/run/vm/$id" <&3 2>/dev/null
  (
    cd /
    setsid /bin/sh "/run/vm/$id" </dev/null >"/run/vm/$id.out" 2>"/run/vm/$id.err" 3>&- 4>&-
    echo "$id $?" >&4
  ) &
done
give_up "the test is gone"
