#!/bin/sh
# First process of a test machine. It carries out what the test asks for over the virtio port, as file
# descriptor 3: a request is a line "ID SIZE" and SIZE bytes of a shell script; its reply is a line
# "ID EXIT_CODE SIZE_OF_STDOUT SIZE_OF_STDERR" and the two. Requests run at once, replies come as they end.
export PATH=/opt/cni/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mkdir -p /run/netns /run/lock /run/vm /root
hostname vm
ip link set lo up

modprobe -a virtio_pci virtio_console virtio_net
[ ! -s /etc/vm-modules ] || modprobe -a $(cat /etc/vm-modules) || {
  echo "vm: a module was not loaded: $(cat /etc/vm-modules)" >/dev/console
  poweroff -f
}
# The nodes come by themselves; a machine without them could only wait for ever.
port=$(ls /dev/vport*p1) || {
  echo "vm: no port to the test" >/dev/console
  poweroff -f
}
exec 3<>"$port"

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
    setsid sh "/run/vm/$id" </dev/null >"/run/vm/$id.out" 2>"/run/vm/$id.err" 3>&- 4>&-
    echo "$id $?" >&4
  ) &
done
# The test is gone.
poweroff -f
