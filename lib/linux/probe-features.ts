/**
 * What this kernel can do of what we need, by trying it in a network namespace that is thrown away.
 *
 * Asking for a module by name would not do: features may be built in, be modules that the kernel loads when asked, or
 * be there and refuse to one who is not root everywhere.
 */
import { ip } from "../addr/ip.ts";
import { localMac } from "../addr/mac.ts";
import { digest } from "../model/owner.ts";
import type { Feature } from "../model/probe.ts";
import { createBridge } from "../netlink/route/bridge.ts";
import { decodeLink } from "../netlink/route/decode-link.ts";
import { createIfb } from "../netlink/route/ifb.ts";
import { deleteLink, getLink } from "../netlink/route/link.ts";
import { replaceNexthop } from "../netlink/route/nexthop.ts";
import { createSublink, type Sublink } from "../netlink/route/sublink.ts";
import { createVeth } from "../netlink/route/veth.ts";
import { createVxlan } from "../netlink/route/vxlan.ts";
import { addIngress, addTbf } from "../netlink/tc/qdisc.ts";
import { addRedirect } from "../netlink/tc/redirect.ts";
import { encodeTable } from "./layout/encode-table.ts";
import { type LayoutTable, layoutTables } from "./layout/layout-tables.ts";
import { inThrowAway, type ThrowAway } from "./throw-away.ts";
import { requireTaps } from "./vm/create-tap.ts";

interface Trial extends Omit<Feature, "refusal"> {
  /** @throws what the kernel says when it cannot */
  readonly run: (kernel: ThrowAway) => void;
}

/** @throws {SystemCallError} where no namespace can be made */
export function probeFeatures(): readonly Feature[] {
  return inThrowAway((kernel) =>
    trials().map(({ run, ...feature }) => {
      try {
        run(kernel);
        return feature;
      } catch (error) {
        return { ...feature, refusal: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}

/** In an order in which each finds what it builds upon. */
function trials(): readonly Trial[] {
  return [
    {
      name: "bridge",
      neededFor: "every network",
      modules: ["bridge"],
      run: ({ route }) => route.request(createBridge({ name: "trial-br" })),
    },
    {
      name: "veth",
      neededFor: "every network",
      modules: ["veth"],
      run: ({ route }) => route.request(createVeth({ name: "trial-a", peer: { name: "trial-b" } })),
    },
    ...layoutTables().map(tableTrial),
    {
      name: "tbf",
      neededFor: "QOS",
      modules: ["sch_tbf"],
      run: ({ route }) =>
        route.request(
          addTbf(indexOf(route, "trial-a"), { bytesPerSecond: 1e6, burstBytes: 1e5, limitBytes: 1e5 }),
        ),
    },
    {
      name: "ifb",
      neededFor: "QOS",
      modules: ["ifb", "sch_ingress", "cls_u32", "act_mirred"],
      run: ({ route }) => {
        route.request(createIfb({ name: "trial-ifb" }));
        route.request(addIngress(indexOf(route, "trial-b")));
        route.request(addRedirect(indexOf(route, "trial-b"), indexOf(route, "trial-ifb")));
      },
    },
    // Whether a tap is joined to a link is tried with ifb.
    { name: "tap", neededFor: "vnic vmNic", modules: ["tun"], run: requireTaps },
    ...sublinkTrials(),
    ...overlayTrials(),
  ];
}

/** A tunnel that nothing is sent into, and a next hop by it. */
function overlayTrials(): readonly Trial[] {
  const tunnel = "trial-vx";
  return [
    {
      name: "vxlan",
      neededFor: "network overlay",
      modules: ["vxlan"],
      run: ({ route }) =>
        route.request(
          createVxlan({
            name: tunnel,
            vni: 4096,
            local: ip("127.0.0.1"),
            udpPort: 4789,
            mac: localMac(digest("trial")),
            up: true,
          }),
        ),
    },
    {
      name: "next hop objects",
      neededFor: "mode routed",
      // Part of every kernel since Linux 5.3.
      modules: [],
      run: ({ route }) =>
        route.request(
          replaceNexthop({ id: 1, index: indexOf(route, tunnel), gateway: ip("192.0.2.1"), onlink: true }),
        ),
    },
  ];
}

/** What hangs on another link: each on the one that a network would hang it on. */
function sublinkTrials(): readonly Trial[] {
  const trial = (name: string, neededFor: Trial["neededFor"], module: string, sublink: Sublink): Trial => ({
    name,
    neededFor,
    modules: [module],
    run: ({ route }) => {
      const lower = indexOf(route, "trial-a");
      route.request(createSublink({ name: `trial-${name}`, lower, sublink }));
      route.request(deleteLink(`trial-${name}`));
    },
  });
  return [
    trial("macvlan", "switch macvlan", "macvlan", { kind: "macvlan", mode: "bridge" }),
    trial("ipvlan", "switch ipvlan", "ipvlan", { kind: "ipvlan", mode: "l2" }),
    trial("8021q", "vlan", "8021q", { kind: "vlan", id: 1 }),
  ];
}

/** The whole of a table of ours: sets, chains, hooks and all that its rules ask. */
function tableTrial(table: LayoutTable): Trial {
  const modules = {
    inet: ["nf_tables", "nft_chain_nat", "nft_masq", "nft_ct", "nft_fib_inet"],
    bridge: ["nf_tables", "nft_meta_bridge"],
  };
  return {
    name: `nftables ${table.family}`,
    neededFor: "every network",
    modules: table.family === "bridge" ? modules.bridge : modules.inet,
    run: ({ rules }) => rules.transaction(encodeTable(table)),
  };
}

function indexOf(route: ThrowAway["route"], name: string): number {
  const [reply] = route.request(getLink(name));
  if (reply === undefined) throw new Error(`the kernel answered nothing about ${name}`);
  return decodeLink(reply).index;
}
