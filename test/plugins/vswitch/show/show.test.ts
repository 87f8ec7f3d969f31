import { describe, expect, test } from "vitest";
import type { TunnelCounters } from "../../../../lib/model/counters.ts";
import type { SceneDirectory } from "../../../../lib/model/scene.ts";
import type { OverlayMode } from "../../../../lib/model/switch.ts";
import { formatEndpoint, formatNetwork } from "../../../../plugins/vswitch/show/format-endpoint.ts";
import { formatEndpoints, formatHost } from "../../../../plugins/vswitch/show/format-show.ts";
import { hostView, type NetworkView, type ShowInput } from "../../../../plugins/vswitch/show/view.ts";
import { expectApproved } from "../../../approved.ts";
import { overlayHost, peer } from "../../../lib/model/path/overlay-scene.ts";
import { endpointRow, networkRow, portCounters, rowOf } from "../fixture.ts";
import { lanGuest, natGuest } from "../guest/fixture.ts";

const acl = (Settings: Record<string, unknown>) => ({ Type: "ACL", Settings });
const web = endpointRow({
  ips: ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"],
  ports: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }],
});
const guarded = endpointRow({
  owner: { containerId: "0123456789abcdef".repeat(4) },
  ips: ["10.88.0.6/16 10.88.0.1"],
  config: {
    policies: [
      acl({ Action: "Block", Direction: "In", Priority: 20, RemoteAddresses: "10.0.0.0/8", Id: "lan" }),
      acl({ Action: "Allow", Direction: "In", Priority: 10, Protocols: "6", LocalPorts: "80,8000-8010" }),
      acl({ Action: "Allow", Direction: "In", Priority: 30 }),
    ],
    defaultAction: { Out: "Allow" },
  },
});

function view(over: Partial<ShowInput> = {}) {
  const endpoints = [web, guarded];
  return hostView({
    networks: [networkRow(web)],
    endpoints,
    counters: {
      atMs: 0,
      switches: [
        {
          name: "vsw-net",
          network: "net",
          up: true,
          drops: [{ layer: "isolation", direction: "In", packets: 3 }],
        },
      ],
      ports: [
        portCounters(web),
        portCounters(guarded, {
          drops: [
            { layer: "acl", direction: "In", packets: 3, bytes: 180 },
            { layer: "guard", direction: "Out", packets: 1, reason: "spoofed" },
            { layer: "kernel", direction: "In", packets: 2 },
          ],
        }),
      ],
    },
    uplink: "eth0",
    bootId: "this boot",
    compartmentExists: () => true,
    ...over,
  });
}

describe("what show prints", () => {
  test("is as approved: a host, a network, an endpoint with all layers", () => {
    const host = view();
    const [network] = host.networks;
    if (network === undefined) throw new Error("no network");
    const now = 3_601_000 + 1_000;
    const parts = [
      formatHost(host, "", now),
      formatNetwork(network, host.endpoints, now),
      ...host.endpoints.map((one) => formatEndpoint(one, now)),
    ];
    expectApproved("plugins/vswitch/show/show.txt", parts.join("\n\n\n"));
  });

  test("says of a host without networks what it was told to", () => {
    expect(formatHost({ networks: [], endpoints: [] }, "nothing", 0)).toBe("nothing");
  });
});

describe("what show prints of guests", () => {
  test("is as approved: a tap in the compartment, one that is the port, a guest that asks for addresses itself", () => {
    const guests = [
      natGuest({
        config: { tapName: "tap0", owner: 107, group: 36, multiQueue: true },
        ips: ["10.88.0.5/16"],
      }),
      natGuest({
        owner: { containerId: "vm" },
        config: { vmNicAttach: "switch", tapName: "vm-tap", vnetHeader: false },
        ips: ["10.88.0.6/16"],
      }),
      lanGuest({ owner: { containerId: "self" }, ips: [] }),
    ].map((plan) => rowOf(plan));
    const { endpoints } = view({
      endpoints: guests,
      counters: {
        atMs: 0,
        switches: [],
        ports: guests.slice(0, 2).map((row) => portCounters(row, { name: row.plan?.port.name ?? "" })),
        uplinks: [{ name: "eth0", up: true, carrier: true, mtu: 1500 }],
      },
    });
    expectApproved(
      "plugins/vswitch/show/guests.txt",
      [formatEndpoints(endpoints), ...endpoints.map((one) => formatEndpoint(one, 3_602_000))].join("\n\n"),
    );
  });
});

describe("what show prints of overlay networks", () => {
  const ofMode = (mode: OverlayMode, directory: Partial<SceneDirectory> | false, peers: number) => {
    const hosts = Array.from({ length: peers }, (_, i) => peer(i + 2, mode));
    const { scene } = overlayHost(1, mode, { peers: hosts, directory });
    const [blue] = scene.networks;
    if (blue === undefined) throw new Error("no network");
    const spec = { switch: blue.switch, settings: {} };
    return view({
      networks: [{ name: "blue", kind: "overlay", spec }],
      endpoints: scene.endpoints.filter(({ owner }) => owner.network === "blue").map((plan) => rowOf(plan)),
      counters: {
        atMs: 0,
        switches: [{ name: "vsw-blue", network: "blue", up: true, drops: [] }],
        ports: [],
        tunnels: directory === false ? [] : [carried],
      },
      directoryOf: () => blue.directory,
    });
  };
  const carried: TunnelCounters = {
    name: "vsx-blue",
    network: "blue",
    vni: 4097,
    up: true,
    out: { packets: 10, bytes: 1500 },
    in: { packets: 20, bytes: 2_500_000 },
    drops: [
      { layer: "tunnel", direction: "In", packets: 3, reason: "not of the network" },
      { layer: "tunnel", direction: "In", packets: 2, reason: "not behind the tunnel" },
    ],
  };

  test("is as approved: by configuration, by a directory that nobody follows, with nothing known", () => {
    const etcd = { type: "etcd", revision: "4711", savedMs: 3_000_000, followed: false } as const;
    const hosts = [
      ofMode("routed", {}, 1),
      ofMode("routed", etcd, 25),
      ofMode("stretched", { ...etcd, followed: true }, 2),
      ofMode("routed", false, 0),
    ];
    const parts = hosts.flatMap((host) => {
      const network = host.networks[0] as NetworkView;
      return [formatHost(host, "", 3_601_000), formatNetwork(network, host.endpoints, 3_601_000)];
    });
    expectApproved("plugins/vswitch/show/overlays.txt", parts.join("\n\n\n"));
  });
});

describe("the state of an endpoint", () => {
  const states = (over: Partial<ShowInput>) => view(over).endpoints.map(({ state }) => state);

  test.each<[string, Partial<ShowInput>]>([
    ["earlier boot", { bootId: "another" }],
    ["attaching", { endpoints: [{ ...web, phase: "adding" }] }],
    ["compartment gone", { compartmentExists: () => false }],
    ["port gone", { counters: { atMs: 0, switches: [], ports: [] } }],
    ["plan lost", { endpoints: [{ ...web, plan: null }] }],
    ["down", { counters: { atMs: 0, switches: [], ports: [portCounters(web, { up: false })] } }],
    ["up", {}],
  ])("is %s", (expected, over) => {
    expect(states(over)[0]).toBe(expected);
  });

  test("that was rebuilt without a compartment does not go by it", () => {
    const rebuilt = { ...web, netns: "", plan: null };
    expect(states({ endpoints: [rebuilt], compartmentExists: () => false })).toEqual(["plan lost"]);
  });
});

describe("a network that no container is on", () => {
  test("shows the subnet that was chosen for it, and that its switch is not there", () => {
    const { switch: vswitch } = networkRow(web).spec as { switch: object };
    const spec = {
      switch: { ...vswitch, gateways: [], forwarding: [] },
      settings: {},
      automatic: "172.16.0.0/20",
    };
    const idle = view({
      networks: [{ name: "net", kind: "nat", spec }],
      endpoints: [],
      counters: { atMs: 0, switches: [], ports: [] },
    });
    expect(idle.networks).toMatchObject([
      { state: "absent", subnets: ["172.16.0.0/20"], automatic: true, endpoints: 0 },
    ]);
  });
});
