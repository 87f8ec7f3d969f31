import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { Acl } from "../../../lib/policy/acl.ts";
import { aclWith } from "../policy/acls.ts";
import { acl, allowIn, policies, policy, refusal } from "./fixture.ts";

const at = (port: number) => ({ first: port, last: port });

describe("an ACL", () => {
  it("has every field of HCN", () => {
    expect(
      acl({
        Action: "Block",
        Direction: "Out",
        Protocols: "6,17",
        LocalAddresses: "10.88.0.5",
        RemoteAddresses: "10.0.0.0/8,192.0.2.1",
        LocalPorts: "1024-65535",
        RemotePorts: "80,443,8000-8010",
        RuleType: "Switch",
        Priority: 200,
        Id: "no web inside",
      }),
    ).toEqual({
      kind: "ACL",
      action: "Block",
      direction: "Out",
      protocols: [6, 17],
      localAddresses: ["10.88.0.5/32"],
      remoteAddresses: ["10.0.0.0/8", "192.0.2.1/32"],
      localPorts: [{ first: 1024, last: 65535 }],
      remotePorts: [at(80), at(443), { first: 8000, last: 8010 }],
      priority: 200,
      id: "no web inside",
    });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["nothing but action and direction", {}, {}],
    [
      "words in any case",
      { Action: "BLOCK", Direction: "out", RuleType: "switch" },
      { action: "Block", direction: "Out" },
    ],
    ["keys in any case", { REMOTEADDRESSES: "10.0.0.0/8" }, { remoteAddresses: ["10.0.0.0/8"] }],
    ["a null as absent", { Protocols: null, Priority: null, Id: null, RuleType: null }, {}],
    [
      "what Go writes for fields that were never set",
      {
        Protocols: "",
        LocalAddresses: "",
        RemotePorts: "",
        RuleType: "",
        Id: "",
        Priority: 0,
        Protocol: 0,
        LocalPort: 0,
        RemotePort: 0,
      },
      {},
    ],
    ["the lowest priority", { Priority: 65535 }, { priority: 65535 }],
  ])("takes %s", (_, settings, expected) => {
    expect(acl(settings)).toEqual(aclWith(expected));
  });

  it.each<[unknown, readonly number[]]>([
    ["6", [6]],
    [6, [6]],
    [" 6 , 17 ", [6, 17]],
    ["6,17,6", [6, 17]],
    ["6,,17,", [6, 17]],
    ["tcp, UDP", [6, 17]],
    ["icmp,ICMPv6,icmp6,igmp,sctp,dccp,udplite", [1, 58, 2, 132, 33, 136]],
    ["255", [255]],
    ["256", []],
    [256, []],
    ["6,256", []],
    [
      ["6", 17],
      [6, 17],
    ],
    [[], []],
  ])("takes Protocols %j as %j", (Protocols, protocols) => {
    expect(acl({ Protocols }).protocols).toEqual(protocols);
  });

  it.each<[unknown, Acl["localPorts"]]>([
    ["80", [at(80)]],
    [80, [at(80)]],
    [" 443 , 80 ", [at(80), at(443)]],
    [
      "8000-8010, 8020 - 8030",
      [
        { first: 8000, last: 8010 },
        { first: 8020, last: 8030 },
      ],
    ],
    ["80,80", [at(80)]],
    ["80-90,85-100,101", [{ first: 80, last: 101 }]],
    ["1-65535", [{ first: 1, last: 65535 }]],
    ["0-1023", [{ first: 0, last: 1023 }]],
    ["80-80", [at(80)]],
    ["0", []],
    ["0-65535", []],
    ["0-1023,1024-65535", []],
    [
      ["80", 443],
      [at(80), at(443)],
    ],
  ])("takes LocalPorts %j as %j", (LocalPorts, ports) => {
    expect(acl({ LocalPorts }).localPorts).toEqual(ports);
    expect(acl({ RemotePorts: LocalPorts }).remotePorts).toEqual(ports);
  });

  it.each<[unknown, readonly string[]]>([
    ["10.0.0.1", ["10.0.0.1/32"]],
    [" 10.0.0.0/8 , fd00::/8 ", ["10.0.0.0/8", "fd00::/8"]],
    ["FD00::1", ["fd00::1/128"]],
    ["10.1.2.3/8", ["10.0.0.0/8"]],
    ["10.0.0.0/8,10.1.0.0/16,10.0.0.0/8", ["10.0.0.0/8"]],
    ["::ffff:192.0.2.1", ["192.0.2.1/32"]],
    ["0.0.0.0/0", ["0.0.0.0/0"]],
    [
      ["10.0.0.0/8", "192.0.2.1"],
      ["10.0.0.0/8", "192.0.2.1/32"],
    ],
  ])("takes RemoteAddresses %j as %j", (RemoteAddresses, addresses) => {
    expect(acl({ RemoteAddresses }).remoteAddresses).toEqual(addresses);
    expect(acl({ LocalAddresses: RemoteAddresses }).localAddresses).toEqual(addresses);
  });

  it("takes HCN v1's single values, in its flat form too", () => {
    const single = { Protocol: 6, LocalPort: 80, RemotePort: "1024-65535" };
    const expected = { protocols: [6], localPorts: [at(80)], remotePorts: [{ first: 1024, last: 65535 }] };
    expect(acl(single)).toMatchObject(expected);
    const flat = { name: "EndpointPolicy", value: { Type: "ACL", ...allowIn, ...single } };
    expect(policies(flat).acls).toEqual([aclWith(expected)]);
  });

  it("with ports and without protocols is about tcp, udp and sctp", () => {
    expect(acl({ LocalPorts: "80" }).protocols).toEqual([6, 17, 132]);
    expect(acl({ RemotePorts: "80", Protocols: "256" }).protocols).toEqual([6, 17, 132]);
    expect(acl({ LocalPorts: "0-65535" }).protocols).toEqual([]);
    expect(acl({ LocalPorts: "80", Protocols: "udplite,dccp" }).protocols).toEqual([136, 33]);
  });

  it.each<[string, JsonObject, string]>([
    ["no action", { Action: undefined }, ".Action: expected Allow or Block, received nothing"],
    ["another action", { Action: "Deny" }, '.Action: expected Allow or Block, received "Deny"'],
    ["no direction", { Direction: undefined }, ".Direction: expected In or Out, received nothing"],
    ["both directions", { Direction: "Both" }, '.Direction: expected In or Out, received "Both"'],
    [
      "a protocol without ports beside ports",
      { LocalPorts: "80", Protocols: "6,1" },
      '.Protocols: expected protocols with ports, since the rule names ports, received "1"',
    ],
    [
      "an unknown protocol",
      { Protocols: "tpc" },
      '.Protocols: expected protocol numbers such as 6,17 (256 is any), received "tpc"',
    ],
    ["a name that every object has", { Protocols: "constructor" }, ".Protocols: expected protocol numbers"],
    ["protocol 0 in text", { Protocols: "0" }, ".Protocols: expected protocol numbers"],
    ["protocol 257", { Protocols: "257" }, ".Protocols: expected protocol numbers"],
    ["a negative protocol", { Protocol: -6 }, ".Protocol: expected protocol numbers"],
    [
      "protocols that are no list",
      { Protocols: true },
      '.Protocols: expected a list such as "a,b", received true',
    ],
    [
      "protocols of v1 and v2",
      { Protocols: "6", Protocol: 17 },
      '.Protocol: expected either it or Protocols, received "both"',
    ],
    [
      "ports of v1 and v2",
      { LocalPorts: "80", LocalPort: 81 },
      '.LocalPort: expected either it or LocalPorts, received "both"',
    ],
    [
      "a range backwards",
      { LocalPorts: "90-80" },
      '.LocalPorts: expected ports such as 80,8000-8010, received "90-80"',
    ],
    ["a port beyond the last", { RemotePorts: "65536" }, ".RemotePorts: expected ports"],
    [
      "a port 0 among others, which is not any",
      { RemotePorts: "0,80" },
      '.RemotePorts: expected ports such as 80,8000-8010, received "0"',
    ],
    [
      "the name of a service",
      { RemotePort: "http" },
      '.RemotePort: expected ports such as 80,8000-8010, received "http"',
    ],
    [
      "a name as address",
      { RemoteAddresses: "web.example" },
      '.RemoteAddresses: expected addresses or prefixes such as 10.0.0.0/8, received "web.example"',
    ],
    ["a range of addresses", { LocalAddresses: "10.0.0.1-10.0.0.9" }, ".LocalAddresses: expected addresses"],
    ["a number as address", { LocalAddresses: 10 }, ".LocalAddresses: expected addresses"],
    [
      "a list of commas, which is not any",
      { RemoteAddresses: " , " },
      '.RemoteAddresses: expected items between the commas, received " , "',
    ],
    ["blanks alone", { RemoteAddresses: " " }, ".RemoteAddresses: expected items between the commas"],
    [
      "a list of JSON with something else",
      { RemotePorts: [80, { toString: 1, valueOf: 1 }] },
      ".RemotePorts[1]: expected text or a number, received an object",
    ],
    [
      "a list in a list",
      { RemoteAddresses: [["10.0.0.0/8"]] },
      ".RemoteAddresses[0]: expected text or a number, received a list of 1",
    ],
    [
      "a priority beyond 16 bits",
      { Priority: 65536 },
      ".Priority: expected an integer from 0 to 65535, received 65536",
    ],
    ["a negative priority", { Priority: -1 }, ".Priority: expected an integer"],
    [
      "a priority in text",
      { Priority: "100" },
      '.Priority: expected an integer from 0 to 65535, received "100"',
    ],
    ["a number as Id", { Id: 5 }, ".Id: expected a string, received 5"],
    [
      "an Id of two lines",
      { Id: "a\nb" },
      ".Id: expected at most 128 characters, none of them a control character",
    ],
    ["an Id as long as a novel", { Id: "x".repeat(129) }, ".Id: expected at most 128 characters"],
    [
      "addresses of two families",
      { LocalAddresses: "10.0.0.0/8", RemoteAddresses: "fd00::/8" },
      'Settings: expected addresses and protocols of one IP family, received "a rule that no packet can meet"',
    ],
    [
      "ICMPv6 for IPv4 addresses",
      { Protocols: "58", RemoteAddresses: "10.0.0.0/8" },
      "a rule that no packet can meet",
    ],
    [
      "ICMP for IPv6 addresses",
      { Protocols: "1,2", LocalAddresses: "fd00::/8" },
      "a rule that no packet can meet",
    ],
  ])("is error 7 with its place and what was expected for %s", (_, settings, text) => {
    const error = refusal(() => acl(settings));
    expect(error).toMatchObject({ code: 7, reason: "config-invalid" });
    expect(`${error.message}\n${error.details}`).toContain(text);
  });

  it("is told of all its faults at once", () => {
    const error = refusal(() =>
      acl({ Action: "x", Direction: "y", Protocols: "z", Priority: "p", LocalPorts: "q" }),
    );
    for (const key of ["Action", "Direction", "Protocols", "Priority", "LocalPorts"])
      expect(error.details).toContain(`policies[0].Settings.${key}: expected`);
  });

  it.each<[string, JsonObject, string, string]>([
    ["a pass to the next tier", { Action: "Pass" }, '.Action: "Pass"', "Action is Allow or Block"],
    ["a rule inside the container", { RuleType: "Host" }, '.RuleType: "Host"', "RuleType Switch"],
    ["another kind of rule", { RuleType: "Vfp" }, '.RuleType: "Vfp"', "RuleType Switch"],
    ["a field it does not know", { Scope: 1 }, ".Scope: 1", "ACL takes Action, Direction, Protocols"],
    ["a field with a long value", { Note: "n".repeat(99) }, `.Note: "${"n".repeat(60)}"...`, "ACL takes"],
  ])("is error 2 with key, value and remedy for %s", (_, settings, text, remedy) => {
    const error = refusal(() => acl(settings));
    expect(error).toMatchObject({ code: 2, reason: "policy-unsupported" });
    expect(error.message).toBe(`policies[0].Settings${text} is not supported`);
    expect(error.details).toContain(remedy);
    expect(error.details).toContain("a policy is never ignored");
  });

  it.each([
    ["Acton", "Action"],
    ["RemoteAdresses", "RemoteAddresses"],
    ["Priorty", "Priority"],
    ["RemotePort_", "RemotePorts"],
  ])("says what was meant by %s", (key, meant) => {
    const error = refusal(() => acl({ [key]: "" }));
    expect(error).toMatchObject({ code: 2, reason: "unknown-key" });
    expect(error.message).toBe(`unknown key policies[0].Settings.${key}: ""; expected the key ${meant}`);
  });

  it("keeps the order in which rules stand: the priority is for later", () => {
    const two = policies(
      policy("ACL", { ...allowIn, Priority: 2 }),
      policy("ACL", { ...allowIn, Priority: 1 }),
    );
    expect(two.acls.map((rule) => rule.priority)).toEqual([2, 1]);
  });
});
