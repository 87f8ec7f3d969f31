/** Watches the host for changes that our data path depends on: links, addresses, forwarding, our tables. */
import type { HostChange } from "../model/change.ts";
import { decodeAttrs, getI32, getText } from "../netlink/attr.ts";
import { readU32 } from "../netlink/bytes.ts";
import type { Netlink } from "../netlink/connection.ts";
import type { Message } from "../netlink/message.ts";
import { NFNL_SUBSYS_NFTABLES } from "../netlink/nfnetlink.ts";
import { decodeElements } from "../netlink/nft/element.ts";
import { decodeNft, NFT_MSG_DELSET, NFT_MSG_DELSETELEM, NFT_MSG_DELTABLE } from "../netlink/nft/message.ts";
import { decodeLink } from "../netlink/route/decode-link.ts";
import { RTM_DELLINK, RTM_NEWLINK } from "../netlink/route/ifinfo.ts";
import { POLLIN, poll } from "../os/poll.ts";
import type { HostWatch } from "../seam/tool-backend.ts";
import { type EventSocket, listen } from "./event-socket.ts";
import { decodeElements as layoutElements } from "./layout/element-requests.ts";
import { LAYOUT_FAMILIES, LAYOUT_TABLE } from "./layout/table.ts";
import { linkOf } from "./link-of.ts";
import { markedKey, markedNetwork } from "./mark.ts";
import { isForeign, isForeignRefusal, RTNLGRP_PEERS } from "./overlay/heard.ts";
import type { Memory } from "./overlay/reached.ts";

/** linux/rtnetlink.h. */
const RTNLGRP = { link: 1, ipv4Address: 5, ipv6Address: 9, ipv4Settings: 24, ipv6Settings: 25 } as const;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_NEWNETCONF = 80;
/** linux/netconf.h: a setting of all interfaces. */
const NETCONFA_IFINDEX = 1;
const NETCONFA_IFINDEX_ALL = -1;
/** struct netconfmsg: one byte, filled up. */
const NETCONFMSG_LENGTH = 4;
/** linux/netfilter/nfnetlink.h. */
const NFNLGRP_NFTABLES = 7;
const NFT_MSG_DELCHAIN = 5;
const NFT_MSG_DELRULE = 8;
/** In messages of every kind. */
const NFTA_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;

/** Of overlay networks: from whom packets are taken. They come and go with other hosts. */
const vtepSets = ["vteps4", "vteps6"] as const;

/** What of our tables may go. */
const removals = new Set([NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE, NFT_MSG_DELSET]);

/**
 * @param host rtnetlink, for the names of links
 * @param reached how other hosts are reached, by which our own doing is told from others'
 * @throws {SystemCallError} EPERM without CAP_NET_ADMIN
 */
export function watchHost(host: Netlink, reached: Memory = new Map()): HostWatch {
  const routes = listen("route", Object.values(RTNLGRP));
  const rules = listenBeside(routes);
  let peers: EventSocket | undefined;
  return {
    hearPeers(wanted) {
      if (wanted) peers ??= listen("route", Object.values(RTNLGRP_PEERS));
      else {
        peers?.close();
        peers = undefined;
      }
    },
    wait: (ms) =>
      void poll(
        [routes, rules, ...(peers === undefined ? [] : [peers])].map(({ fd }) => ({ fd, events: POLLIN })),
        ms,
      ),
    receive: () => [
      ...changesOf(routes, (message) => ofRoute(message, host)),
      ...changesOf(rules, (message) => ofRules(message, reached)),
      ...(peers === undefined ? [] : ofPeers(peers, reached)),
    ],
    close: () => {
      routes.close();
      rules.close();
      peers?.close();
    },
  };
}

/** Each network once: thousands of rows go with a link. */
function ofPeers(socket: EventSocket, reached: Memory): readonly HostChange[] {
  const { messages, lost } = socket.receive();
  if (lost) return [{ kind: "peers" }];
  const networks = [...reached].filter(([, one]) => messages.some((message) => isForeign(message, one)));
  return networks.map(([network]) => ({ kind: "peers", network }));
}

function listenBeside(other: EventSocket): EventSocket {
  try {
    return listen("netfilter", [NFNLGRP_NFTABLES]);
  } catch (error) {
    other.close();
    throw error;
  }
}

function changesOf(
  socket: EventSocket,
  read: (message: Message) => readonly HostChange[],
): readonly HostChange[] {
  const { messages, lost } = socket.receive();
  // What was lost may have been anything.
  return lost ? [{ kind: "host" }] : messages.flatMap(read);
}

function ofRoute(message: Message, host: Netlink): readonly HostChange[] {
  switch (message.type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return [{ kind: "interface", name: decodeLink(message).name }];
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      // struct ifaddrmsg: family, length, flags, scope, index.
      const name = linkOf(host, readU32(message.payload, 4))?.name;
      return name === undefined ? [] : [{ kind: "interface", name }];
    }
    case RTM_NEWNETCONF: {
      const index = getI32(decodeAttrs(message.payload, NETCONFMSG_LENGTH), NETCONFA_IFINDEX);
      return index === NETCONFA_IFINDEX_ALL ? [{ kind: "host" }] : [];
    }
    default:
      return [];
  }
}

function ofRules(message: Message, reached: Memory): readonly HostChange[] {
  if (message.type >> 8 !== NFNL_SUBSYS_NFTABLES) return [];
  const kind = message.type & 0xff;
  if (kind !== NFT_MSG_DELSETELEM && !removals.has(kind)) return [];
  if (!isOurs(message)) return [];
  if (kind !== NFT_MSG_DELSETELEM) return [{ kind: "host" }];
  const set = vtepSets.find((name) => name === getText(decodeNft(message).attrs, NFTA_SET_ELEM_LIST_SET));
  if (set !== undefined) {
    const gone = layoutElements(set, [message]);
    const networks = [...reached].filter(([, one]) => isForeignRefusal(gone, one));
    return networks.map(([network]) => ({ kind: "peers", network }));
  }
  return decodeElements(message).flatMap(({ comment }): HostChange[] => {
    const [key, mark] = [markedKey(comment), markedNetwork(comment)];
    if (key !== undefined) return [{ kind: "endpoint", key }];
    return mark === undefined ? [] : [{ kind: "network", mark }];
  });
}

function isOurs(message: Message): boolean {
  try {
    const { family, attrs } = decodeNft(message);
    return getText(attrs, NFTA_TABLE) === LAYOUT_TABLE.table && LAYOUT_FAMILIES.some((one) => one === family);
  } catch (error) {
    // A family that we have no name for has no table of ours.
    if (error instanceof RangeError) return false;
    throw error;
  }
}
