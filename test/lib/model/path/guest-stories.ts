/** Stories of packets of virtual machines: from a guest, and to it. */
import { mac } from "../../../../lib/addr/mac.ts";
import type { SceneInterface } from "../../../../lib/model/scene.ts";
import { bears, type Host, published, type Story, usual } from "./story.ts";

const joined = { vm: { name: "tap0", owner: 107 } } as const;
const hidden = { vm: { name: "eth0" } } as const;
const onSwitch = { vm: { attach: "switch", name: "vm-tap" } } as const;
const unconfigured = { vnic: { addresses: [], routes: [] }, vm: { name: "tap0" } } as const;

const withTap = (of: Host, over: Partial<SceneInterface>): Host => ({
  ...of,
  host: {
    interfaces: usual(of).scene.host.interfaces.map((link) =>
      link.name === "vm-tap" ? { ...link, ...over } : link,
    ),
  },
});

export const guestStories: Readonly<Record<string, Readonly<Record<string, Story>>>> = {
  guest: {
    "from a guest to a container of its network, and its tap is in the compartment": {
      from: "web",
      to: "tcp 10.1.0.3 80",
      web: joined,
    },
    "from a container to a guest whose tap has the name that runtimes look for": {
      from: "db",
      to: "tcp 10.1.0.2 80",
      web: hidden,
    },
    "from one guest to another, whose tap is a port": {
      from: "web",
      to: "tcp 10.1.0.3 80",
      web: joined,
      db: onSwitch,
    },
    "from a guest whose tap is a port to the world": { from: "web", to: "198.51.100.9", web: onSwitch },
    "from the world to a published port of a guest": {
      from: "outside",
      to: "tcp 192.0.2.10 8080",
      web: { ...bears(published("10.1.0.2")), ...joined },
    },
    "a guest asks who has an address": { from: "web", to: "arp 10.1.0.3", web: joined },
    "a guest claims another MAC": {
      from: "web",
      to: "10.1.0.3",
      web: joined,
      packet: { sourceMac: mac("02:00:00:00:00:99") },
    },
    "a guest has no route": {
      from: "web",
      to: "198.51.100.9",
      web: { ...joined, vnic: { routes: [] } },
    },
    "a guest to itself": { from: "web", to: "10.1.0.2", web: joined },
    "nobody has the tap open that is a port": {
      from: "db",
      to: "10.1.0.2",
      ...withTap({ web: onSwitch }, { carrier: false }),
    },
    "the tap that is a port is down": {
      from: "db",
      to: "10.1.0.2",
      ...withTap({ web: onSwitch }, { up: false }),
    },
    "a guest that gives itself its addresses": { from: "web", to: "198.51.100.9", web: unconfigured },
    "to the MAC of a guest that gives itself its addresses": {
      from: "db",
      to: "10.1.0.77",
      packet: { destinationMac: usual().endpoints.web.vnic.mac },
      web: unconfigured,
    },
  },
};
