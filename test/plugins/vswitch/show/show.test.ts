import { describe, expect, test } from "vitest";
import { formatEndpoint, formatNetwork } from "../../../../plugins/vswitch/show/format-endpoint.ts";
import { formatHost } from "../../../../plugins/vswitch/show/format-show.ts";
import { hostView, type ShowInput } from "../../../../plugins/vswitch/show/view.ts";
import { expectApproved } from "../../../approved.ts";
import { endpointRow, networkRow, portCounters } from "../fixture.ts";

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
      formatHost(host, ""),
      formatNetwork(network, host.endpoints),
      ...host.endpoints.map((one) => formatEndpoint(one, now)),
    ];
    expectApproved("plugins/vswitch/show/show.txt", parts.join("\n\n\n"));
  });

  test("says of a host without networks what it was told to", () => {
    expect(formatHost({ networks: [], endpoints: [] }, "nothing")).toBe("nothing");
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
