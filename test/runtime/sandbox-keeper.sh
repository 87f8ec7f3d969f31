#!/bin/sh
# Keeps a sandbox while its standard input stays open, then removes all of it. A test that dies, however,
# closes its end of the pipe, so this runs in any case.
# Usage: sandbox-keeper.sh FOLDER NETNS CGROUP [HOST_FOLDER HOST_NAMESPACE...]
folder=$1 netns=$2 cgroup=$3
shift 3
here=$(dirname "$0")
trap '' HUP INT TERM

exec 3<&0
nsenter --net="$netns" unshare --mount --pid --fork --kill-child --propagation private \
  bash "$here/sandbox-init.sh" "$folder" <&3 &
sandbox=$!

cat >/dev/null

# The first process in the sandbox reads the same pipe and ends too. With the first process of a PID namespace
# end all others, with the last of them their mounts.
wait "$sandbox"
for _ in 1 2 3 4 5 6 7 8 9 10; do
  find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null
  [ -z "$(find /sys/fs/cgroup -type d -name "$cgroup" -print -quit)" ] && break
  sleep 0.1
done
rm -rf "$folder"

# The host goes, too, where the test could not remove it any more.
[ $# -eq 0 ] && exit
rm -rf "$1"
shift
for name; do ip netns delete "$name" 2>/dev/null; done
