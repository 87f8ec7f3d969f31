/** Prints what is observed of a namespace that this script has furnished. Run by observe-scene.test.ts. */
import { spawnSync } from "node:child_process";
import { linuxTool } from "../../../lib/linux/tool.ts";

const setup = `set -e
  ip link set lo up
  ip link add br0 type bridge
  ip link add port0 address 02:00:00:00:00:01 mtu 1400 type veth peer name peer0
  ip link set port0 master br0
  ip link add up0 address 02:00:00:00:00:02 type veth peer name peer1
  for one in peer0 peer1 br0 port0 up0; do ip link set $one addrgenmode none; ip link set $one up; done
  ip address add 192.0.2.1/24 dev up0
  ip address add 2001:db8::1/64 dev up0 nodad
  ip address add 198.51.100.1/24 dev br0
  ip route add default nexthop via 192.0.2.254 nexthop via 198.51.100.254
  ip route add blackhole 203.0.113.0/24 metric 7 table 100
  ip link add vsx-blue type vxlan id 4097 local 192.0.2.1 dstport 4789 nolearning df inherit
  ip link set vsx-blue alias "vswitch:network blue tunnel" master br0
  bridge fdb add 0e:2a:0a:32:00:16 dev vsx-blue dst 192.0.2.2 self permanent
  bridge fdb add 0e:2a:0a:32:00:16 dev vsx-blue master static
  ip link add other type vxlan id 9 local 192.0.2.1 dstport 8472 nolearning
  bridge fdb add 0e:2a:0a:32:00:17 dev other dst 192.0.2.3 self permanent
  ip route add 203.0.113.128/25 via 192.0.2.254 dev up0 src 192.0.2.1 mtu 1400
  ip neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev up0 nud permanent
  ip neighbour add 192.0.2.10 dev up0 nud failed
  ip neighbour add proxy 192.0.2.11 dev up0
  nft 'add table ip docker; add chain ip docker FORWARD { type filter hook forward priority 0; policy drop; }'
  nft 'add rule ip docker FORWARD iifname "up0" accept'
  nft 'add table inet vswitch; add chain inet vswitch own'
  echo 1 > /proc/sys/net/ipv4/ip_forward
  echo 0 > /proc/sys/net/ipv6/conf/all/forwarding
  [ ! -e /proc/sys/net/bridge ] || echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
  [ ! -e /proc/sys/net/bridge ] || echo 0 > /proc/sys/net/bridge/bridge-nf-call-ip6tables`;
const done = spawnSync("sh", ["-c", setup], { encoding: "utf8" });
if (done.status !== 0) throw new Error(done.stderr);

const tool = linuxTool();
console.log(JSON.stringify(tool.observeSceneHost()));
tool.close();
