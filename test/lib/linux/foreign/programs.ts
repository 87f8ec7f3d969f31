/** Rules as other programs write them, by the tools that they use: shell scripts for the host. */

/** Docker 24 on Debian 12 (iptables-nft), with one bridge and one published port. */
export const docker = `
  iptables -P FORWARD DROP
  for c in DOCKER DOCKER-USER DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2; do iptables -N $c; done
  iptables -A FORWARD -j DOCKER-USER
  iptables -A FORWARD -j DOCKER-ISOLATION-STAGE-1
  iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  iptables -A FORWARD -o docker0 -j DOCKER
  iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
  iptables -A FORWARD -i docker0 -o docker0 -j ACCEPT
  iptables -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
  iptables -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
  iptables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
  iptables -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
  iptables -A DOCKER-ISOLATION-STAGE-2 -j RETURN
  iptables -A DOCKER-USER -j RETURN
  iptables -t nat -N DOCKER
  iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
  iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80`;

/** The remedy that README gives. */
export const dockerAllowed = `${docker}
  iptables -I FORWARD -i vsw-nat -j ACCEPT
  iptables -I FORWARD -o vsw-nat -j ACCEPT`;

/** What an operator adds to Docker's own chain. */
export const dockerUser = `${docker}
  iptables -I DOCKER-USER -i vsw-nat -p tcp -m multiport --dports 80,8000:8100 -j ACCEPT
  iptables -I DOCKER-USER -o vsw-nat -m conntrack --ctstate ESTABLISHED -j ACCEPT
  iptables -I DOCKER-USER -m iprange --dst-range 198.51.100.9-198.51.100.20 -j DROP`;

/** ufw 0.36 with "allow 22/tcp" and "route allow in on vsw-nat to 198.51.100.0/24 port 443". */
export const ufw = `
  for t in iptables ip6tables; do
    [ $t = iptables ] && u=ufw || u=ufw6
    for c in before-logging-forward before-forward after-forward after-logging-forward reject-forward track-forward; do $t -N $u-$c; done
    $t -N $u-user-forward; $t -N $u-user-limit; $t -N $u-user-limit-accept; $t -N $u-skip-to-policy-forward
    $t -P FORWARD DROP
    for c in before-logging-forward before-forward after-forward after-logging-forward reject-forward track-forward; do
      $t -A FORWARD -j $u-$c
    done
    $t -A $u-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    $t -A $u-user-limit -m limit --limit 3/min -j LOG --log-prefix "[UFW LIMIT BLOCK] "
    $t -A $u-user-limit -j REJECT
    $t -A $u-user-limit-accept -j ACCEPT
    $t -A $u-skip-to-policy-forward -j DROP
    $t -A $u-after-logging-forward -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
  done
  for type in 3 11 12 8; do iptables -A ufw-before-forward -p icmp --icmp-type $type -j ACCEPT; done
  for type in 1 2 3 4 128 129; do ip6tables -A ufw6-before-forward -p icmpv6 --icmpv6-type $type -j ACCEPT; done
  iptables -A ufw-before-forward -j ufw-user-forward
  ip6tables -A ufw6-before-forward -j ufw6-user-forward
  iptables -A ufw-user-forward -i vsw-nat -d 198.51.100.0/24 -p tcp --dport 443 -j ACCEPT`;

/** kube-proxy with iptables: its part of FORWARD, on a host whose policy is DROP. */
export const kubeProxy = `
  iptables -P FORWARD DROP
  for c in KUBE-FORWARD KUBE-PROXY-FIREWALL KUBE-SERVICES KUBE-EXTERNAL-SERVICES; do iptables -N $c; done
  iptables -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
  iptables -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
  iptables -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
  iptables -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
  iptables -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
  iptables -A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
  iptables -A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  iptables -A KUBE-SERVICES -d 198.51.100.7/32 -p tcp -m comment --comment "default/gone has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable`;

/** The same by iptables-legacy, which nf_tables knows nothing of. */
export const legacy = (script: string): string => `
  iptables() { iptables-legacy "$@"; }
  ip6tables() { ip6tables-legacy "$@"; }
  ${script}`;

/** As a table is when it comes into being. */
export const forgetLegacy = ["iptables-legacy", "ip6tables-legacy"]
  .flatMap((tool) => [
    `${tool} -P FORWARD ACCEPT`,
    ...["filter", "nat"].flatMap((table) => [`${tool} -t ${table} -F`, `${tool} -t ${table} -X`]),
  ])
  .join("\n");

/** firewalld 1.3 of Debian 12 with eth0 in zone public, and what it knows nothing of in the default zone. */
export const firewalld = `nft -f - <<'END'
table inet firewalld {
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
    jump mangle_PREROUTING_ZONES
  }
  chain mangle_PREROUTING_ZONES {
    iifname "eth0" goto mangle_PRE_public
    goto mangle_PRE_public
  }
  chain mangle_PRE_public {
    jump mangle_PRE_public_allow
  }
  chain mangle_PRE_public_allow {
  }
  chain filter_PREROUTING {
    type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24, 2002:a00::/24, 2002:7f00::/24, 2002:a9fe::/32, 2002:ac10::/28, 2002:c0a8::/32, 2002:e000::/19 } reject with icmpv6 type addr-unreachable
    jump filter_FORWARD_ZONES
    ct state { invalid } drop
    reject with icmpx type admin-prohibited
  }
  chain filter_FORWARD_ZONES {
    iifname vmap { "eth0" : goto filter_FWD_public, "docker0" : goto filter_FWD_docker }
    oifname "eth0" ip daddr 203.0.113.0/24 goto filter_FWD_trusted
    goto filter_FWD_public
  }
  chain filter_FWD_docker {
    accept
  }
  chain filter_FWD_trusted {
    accept
  }
  chain filter_FWD_public {
    jump filter_FWD_public_pre
    jump filter_FWD_public_log
    jump filter_FWD_public_deny
    jump filter_FWD_public_allow
    jump filter_FWD_public_post
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx type admin-prohibited
  }
  chain filter_FWD_public_pre {
  }
  chain filter_FWD_public_log {
  }
  chain filter_FWD_public_deny {
  }
  chain filter_FWD_public_allow {
    oifname "eth1" accept
    tcp dport 443 ct state { new, untracked } accept
  }
  chain filter_FWD_public_post {
  }
}
END`;
