#!/bin/bash
# First process of a sandbox (bash, since it reaps what runtimes orphan): lays private folders over the places
# runtimes use, so that the machine's own stay untouched. Usage: sandbox-init.sh FOLDER
set -e
folder=$1

# /proc is still the machine's: this is the process id as the test sees it.
read -r pid _ </proc/self/stat
mount -t proc proc /proc

# Executables first: afterwards the places they come from may be covered.
while read -r from && read -r to; do
  mount --bind "$from" "$to"
done <"$folder/binds"

mount -t tmpfs tmpfs "$folder/etc"
mkdir "$folder/etc/upper" "$folder/etc/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$folder/etc/upper,workdir=$folder/etc/work" /etc
rm -rf /etc/cni/net.d
mkdir -p /etc/cni
cp -r "$folder/net.d" /etc/cni/net.d

mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/cni
mount --bind "$folder/state" /var/lib/cni
mount -t tmpfs tmpfs /run
mkdir /run/netns /run/lock
mount -t tmpfs tmpfs /opt
mkdir -p /opt/cni/bin /opt/cni/real
for part in bin real; do mount --rbind "$folder/cni/$part" "/opt/cni/$part"; done

# crun refuses a machine where both cgroup versions hold controllers; the old one is enough.
if grep -qs . /sys/fs/cgroup/unified/cgroup.controllers; then umount -l /sys/fs/cgroup/unified; fi

echo "ready $pid"
while read -r _; do :; done
