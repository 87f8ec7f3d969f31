import { describe, expect, test } from "vitest";
import { maxBurstBits } from "../../../lib/cni/bandwidth.ts";
import { parseRuntimeConfig } from "../../../lib/cni/capability.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { failure } from "./attachment.ts";

const parse = (runtimeConfig: JsonObject) => parseRuntimeConfig(runtimeConfig, "net");
const nothing = { portMappings: [], ips: [], ipRanges: [], aliases: [] };

test("C108 no runtimeConfig, an empty one, empty and null capabilities ask for nothing", () => {
  expect(parseRuntimeConfig(undefined, "net")).toEqual(nothing);
  expect(parse({})).toEqual(nothing);
  const empty = {
    portMappings: [],
    ips: [],
    ipRanges: [],
    aliases: [],
    mac: "",
    bandwidth: {},
    dns: {},
    deviceID: "",
  };
  expect(parse(empty)).toEqual({ ...nothing, dns: {} });
  const nulls = Object.fromEntries(Object.keys(empty).map((key) => [key, null]));
  expect(parse({ ...nulls, cgroupPath: null, infinibandGUID: null })).toEqual(nothing);
});

test("what containerd sends, with Go's field names, is read", () => {
  expect(
    parse({
      portMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: "TCP", HostIP: "" }],
      bandwidth: { IngressRate: 1000, IngressBurst: 4294967295, EgressRate: 2000, EgressBurst: 4294967295 },
      dns: { Servers: ["10.0.0.10"], Searches: ["svc.local"], Options: ["ndots:5"] },
      ipRanges: [
        [{ Subnet: "10.1.0.0/16", RangeStart: "10.1.0.9", RangeEnd: "10.1.0.19", Gateway: "10.1.0.1" }],
      ],
      cgroupPath: "/kubepods/x",
      "io.kubernetes.cri.pod-annotations": { a: "b" },
    }),
  ).toEqual({
    ...nothing,
    portMappings: [{ protocol: "tcp", hostPort: 8080, containerPort: 80 }],
    bandwidth: {
      ingress: { bitsPerSecond: 1000, burstBits: 4294967295 },
      egress: { bitsPerSecond: 2000, burstBits: 4294967295 },
    },
    dns: { nameservers: ["10.0.0.10"], search: ["svc.local"], options: ["ndots:5"] },
    ipRanges: [
      [{ subnet: "10.1.0.0/16", rangeStart: "10.1.0.9", rangeEnd: "10.1.0.19", gateway: "10.1.0.1" }],
    ],
    cgroupPath: "/kubepods/x",
    podAnnotations: { a: "b" },
  });
});

test.each(["{}", 5, [], true])("annotations %j are code 7: nothing in them may be lost", (value) => {
  const error = failure(() => parse({ "io.kubernetes.cri.pod-annotations": value }));
  expect([error.code, error.message]).toEqual([
    7,
    expect.stringContaining("pod-annotations: expected an object"),
  ]);
});

describe("C101 portMappings", () => {
  const one = (mapping: object) =>
    parse({ portMappings: [{ hostPort: 80, containerPort: 8080, ...mapping }] }).portMappings;

  test.each([
    [undefined, "tcp"],
    ["", "tcp"],
    [null, "tcp"],
    ["TCP", "tcp"],
    ["Udp", "udp"],
    ["sctp", "sctp"],
  ])("protocol %j is %s", (protocol, expected) => {
    expect(one({ protocol })).toEqual([{ protocol: expected, hostPort: 80, containerPort: 8080 }]);
  });

  test.each([0, -1, undefined, null])("host port %j asks for no mapping", (hostPort) => {
    expect(one({ hostPort, containerPort: 99999 })).toEqual([]);
  });

  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["::", "::"],
    ["2001:DB8::0:1", "2001:db8::1"],
  ])("host address %s is %s", (hostIP, hostIp) => {
    expect(one({ hostIP })).toEqual([{ protocol: "tcp", hostPort: 80, containerPort: 8080, hostIp }]);
  });

  test.each([
    ["protocol", "icmp"],
    ["protocol", 6],
    ["hostPort", 70000],
    ["hostPort", "80"],
    ["hostPort", 80.5],
    ["containerPort", 0],
    ["containerPort", 65536],
    ["containerPort", undefined],
    ["containerPort", "80"],
    ["hostIP", "localhost"],
    ["hostIP", "10.0.0.0/8"],
    ["hostIP", 5],
  ])("%s %j is code 7 and named", (key, value) => {
    const error = failure(() => one({ [key]: value }));
    expect([error.code, error.message]).toEqual([7, expect.stringContaining(`portMappings[0].${key}`)]);
  });

  test("that repeat each other are one", () => {
    const mapping = { hostPort: 80, containerPort: 8080 };
    const repeated = [mapping, { ...mapping, protocol: "TCP" }, { ...mapping, protocol: "udp" }];
    expect(parse({ portMappings: repeated }).portMappings.map(({ protocol }) => protocol)).toEqual([
      "tcp",
      "udp",
    ]);
  });

  test.each([5, {}, [5], [null]])("of another type (%j) are code 7", (portMappings) => {
    expect(failure(() => parse({ portMappings })).code).toBe(7);
  });
});

describe("C102 bandwidth", () => {
  const bandwidth = (value: object) => parse({ bandwidth: value }).bandwidth;

  test.each([4294967295 * 8 + 7, 2 ** 53, 2 ** 64])("clamps a burst of %d bits", (ingressBurst) => {
    expect(bandwidth({ ingressRate: 1, ingressBurst })).toEqual({
      ingress: { bitsPerSecond: 1, burstBits: maxBurstBits },
    });
  });

  test("keeps a burst the kernel can hold, and clamps rates to exact numbers", () => {
    expect(bandwidth({ egressRate: 2 ** 64, egressBurst: maxBurstBits - 1 })).toEqual({
      egress: { bitsPerSecond: Number.MAX_SAFE_INTEGER, burstBits: maxBurstBits - 1 },
    });
  });

  test("a rate of 0 is no limit, with or without a burst", () => {
    expect(bandwidth({ ingressRate: 0, ingressBurst: 4294967295 })).toBeUndefined();
    expect(bandwidth({ ingressRate: 5 })).toEqual({ ingress: { bitsPerSecond: 5 } });
  });

  test.each([-1, 1.5, "1M", true])("a rate of %j is code 7", (ingressRate) => {
    expect(failure(() => bandwidth({ ingressRate })).message).toContain(
      "runtimeConfig.bandwidth.ingressRate",
    );
  });

  test("a number beyond all numbers is code 7", () => {
    expect(failure(() => parse(JSON.parse('{"bandwidth":{"ingressRate":1e400}}'))).code).toBe(7);
  });
});

test("C103 ips are addresses with or without a length", () => {
  expect(parse({ ips: ["10.1.0.5", "10.1.0.6/16", "2001:DB8::5/64"] }).ips).toEqual([
    { address: "10.1.0.5" },
    { address: "10.1.0.6", prefix: "10.1.0.6/16" },
    { address: "2001:db8::5", prefix: "2001:db8::5/64" },
  ]);
  for (const bad of ["", "10.1.0", "10.1.0.5/33", "x", 5, null]) {
    expect(failure(() => parse({ ips: ["10.0.0.1", bad] })).message).toContain("runtimeConfig.ips[1]");
  }
});

test("C104 ipRanges are sets of ranges, one address from each set", () => {
  const sets = [
    [{ subnet: "10.1.0.0/16" }, { subnet: "10.2.0.0/16", gateway: "10.2.0.1" }],
    [{ subnet: "2001:db8::/64" }],
  ];
  expect(parse({ ipRanges: sets }).ipRanges).toEqual(sets);
  const bad = [
    {},
    { subnet: "10.0.0.0" },
    { subnet: "10.0.0.0/8", rangeStart: "x" },
    { subnet: "10.0.0.0/8", gateway: 1 },
  ];
  for (const range of bad)
    expect(failure(() => parse({ ipRanges: [[range]] })).message).toContain("ipRanges[0][0]");
  expect(failure(() => parse({ ipRanges: [{ subnet: "10.0.0.0/8" }] })).message).toContain("ipRanges[0]");
});

test.each([
  "01:00:5e:00:00:01",
  "00:00:00:00:00:00",
  "02:00:00:00:00",
  "80:00:02:08:fe:80:00:00:00:00:00:00:02:00:00:00:00:00:00:01",
  5,
])("C105 mac %j is code 7", (mac) => {
  expect(failure(() => parse({ mac })).message).toContain("runtimeConfig.mac");
});

test("C105 a mac comes out in canonical text", () => {
  expect(parse({ mac: "02-00-00-00-00-AB" }).mac).toBe("02:00:00:00:00:ab");
});

test("C106 the dns capability takes the words of a result", () => {
  expect(parse({ dns: { servers: ["::1", "8.8.8.8"], searches: ["a"], options: [] } }).dns).toEqual({
    nameservers: ["::1", "8.8.8.8"],
    search: ["a"],
  });
  expect(failure(() => parse({ dns: { servers: "8.8.8.8" } })).message).toContain(
    "runtimeConfig.dns.servers",
  );
});

test("C107 aliases come as a list, or as podman's and CRI-O's map of networks", () => {
  expect(parse({ aliases: ["a", "b"] }).aliases).toEqual(["a", "b"]);
  expect(parse({ aliases: { net: ["a"], other: ["b"] } }).aliases).toEqual(["a"]);
  expect(parse({ aliases: { other: ["b"] } }).aliases).toEqual([]);
  expect(parseRuntimeConfig({ aliases: {} }, "constructor").aliases).toEqual([]);
  expect(failure(() => parse({ aliases: { net: "a" } })).message).toContain("runtimeConfig.aliases.net");
});

test("C107 device, InfiniBand guid and cgroup are handed on", () => {
  const texts = { deviceID: "0000:00:1f.6", infinibandGUID: "c2:11:22:33:44:55:66:77", cgroupPath: "/x" };
  expect(parse(texts)).toEqual({ ...nothing, ...texts });
  for (const key of Object.keys(texts)) expect(failure(() => parse({ [key]: 5 })).message).toContain(key);
});

test("every fault of a runtimeConfig is in one error with path, expectation and value", () => {
  const error = failure(() =>
    parse({ mac: "x", ips: [1], dns: 2, bandwidth: { egressRate: -1 }, portMappings: [3] }),
  );
  expect(error.code).toBe(7);
  expect(error.details?.split("\n")).toEqual([
    'runtimeConfig.mac: expected a unicast MAC address of 6 bytes, received "x"',
    "runtimeConfig.bandwidth.egressRate: expected an integer of 0 or more, received -1",
    "runtimeConfig.dns: expected an object, received 2",
    "runtimeConfig.portMappings[0]: expected an object, received 3",
    "runtimeConfig.ips[0]: expected an IP address, with or without a length, received 1",
  ]);
});
