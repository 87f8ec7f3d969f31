import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { natSettings, natSwitch } from "../../../plugins/nat/network.ts";
import { annotated, host, natConfig } from "../../plugins/nat/fixture.ts";

const nat = (Settings: JsonObject) => ({ Type: "OutBoundNAT", Settings });
const toCluster = nat({ Exceptions: ["10.0.0.0/8"] });
const asOther = nat({ VirtualIP: "192.0.2.7" });
const outbound = (raw: JsonObject, pod?: unknown) => {
  const config = natConfig(raw, [], pod === undefined ? {} : annotated(pod));
  return { network: config.exceptions, endpoint: config.port.outboundNat };
};

describe("the OutBoundNAT of a configuration", () => {
  it("is the network's where it only excepts", () => {
    expect(outbound({ policies: [toCluster, nat({ Exceptions: ["192.0.2.0/24"] })] })).toEqual({
      network: ["10.0.0.0/8", "192.0.2.0/24"],
      endpoint: [],
    });
  });

  it("is joined with the key exceptions, nothing twice", () => {
    const raw = { exceptions: ["10.1.0.0/16", "172.16.0.0/12"], policies: [toCluster] };
    expect(outbound(raw).network).toEqual(["172.16.0.0/12", "10.0.0.0/8"]);
  });

  it("is each endpoint's where it says more, and the network's exceptions hold there too", () => {
    expect(outbound({ exceptions: ["172.16.0.0/12"], policies: [toCluster, asOther] })).toEqual({
      network: ["172.16.0.0/12"],
      endpoint: [
        { exceptions: ["172.16.0.0/12", "10.0.0.0/8"], destinations: [], virtualIp: "192.0.2.7" },
        { exceptions: ["172.16.0.0/12", "10.0.0.0/8"], destinations: [] },
      ],
    });
  });

  it("is each endpoint's where the network itself translates nothing", () => {
    expect(outbound({ ipMasq: false, policies: [toCluster] })).toEqual({
      network: [],
      endpoint: [{ exceptions: ["10.0.0.0/8"], destinations: [] }],
    });
  });

  it("that a pod asks for is its own, and excepts what the network excepts", () => {
    expect(outbound({ policies: [toCluster] }, [asOther])).toEqual({
      network: ["10.0.0.0/8"],
      endpoint: [{ exceptions: ["10.0.0.0/8"], destinations: [], virtualIp: "192.0.2.7" }],
    });
  });

  it.each<[string, readonly JsonObject[]]>([
    ["a translation", [asOther]],
    ["exceptions", [nat({ Exceptions: ["198.51.100.0/24"] })]],
    ["an ACL", [{ Type: "ACL", Settings: { Action: "Allow", Direction: "In" } }]],
  ])("leaves the network what it is when a pod asks for %s", (_, pod) => {
    const raw = { policies: [toCluster] };
    const plain = natConfig(raw);
    const asking = natConfig(raw, [], annotated(pod));
    expect(natSettings(asking)).toEqual(natSettings(plain));
    expect(natSwitch("net", asking, host)).toEqual(natSwitch("net", plain, host));
  });

  it("is error 7 where two of them claim a connection, wherever they stand", () => {
    const act = () => natConfig({ policies: [asOther] }, [], annotated([nat({ VIP: "192.0.2.8" })]));
    expect(act).toThrow(expect.objectContaining({ code: 7, reason: "config-invalid" }));
    expect(act).toThrow("192.0.2.7 and 192.0.2.8");
  });
});

describe("what policies change of a network", () => {
  it("is nothing for those of the endpoints", () => {
    const policies = [
      { Type: "ACL", Settings: { Action: "Allow", Direction: "In" } },
      { Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 1000 } },
      { Type: "InterfaceParameters", Settings: { Mtu: 1400 } },
      asOther,
    ];
    const raw = { policies, guard: { allow: ["router"] }, defaultAction: "Allow" };
    expect(natSettings(natConfig(raw))).toEqual(natSettings(natConfig()));
  });
});
