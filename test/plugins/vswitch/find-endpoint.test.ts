import { describe, expect, test } from "vitest";
import { prefix } from "../../../lib/addr/prefix.ts";
import { ownerKey } from "../../../lib/model/owner.ts";
import { portName } from "../../../lib/model/plan.ts";
import { findEndpoint, findEndpoints, type Named } from "../../../plugins/vswitch/find-endpoint.ts";

function endpoint(network: string, containerId: string, address: string, ifname = "eth0"): Named {
  const key = ownerKey({ network, containerId, ifname });
  const plan = { port: { name: portName(key) }, vnic: { addresses: [prefix(address)] } };
  return { network, containerId, ifname, key, plan };
}

const web = endpoint("nat", "4f6e1b", "10.1.0.2/24");
const base = endpoint("nat", "4f6e99", "10.1.0.3/24");
const second = endpoint("other", "4f6e1b", "10.2.0.2/24", "eth1");
const all = [web, base, second];

describe("an endpoint", () => {
  test.each([
    ["nat/4f6e1b/eth0", [web]],
    ["nat/4f6e1b", [web]],
    ["10.1.0.3", [base]],
    [web.key, [web]],
    [portName(base.key), [base]],
    ["4f6e99", [base]],
    ["4f6e9", [base]],
    ["4f6e1b", [web, second]],
    ["4f6e", [web, base, second]],
    ["4f6", []],
    ["", []],
    ["10.1.0.9", []],
  ])("named %j is found by any of its names", (text, expected) => {
    expect(findEndpoints(text, all)).toEqual(expected);
  });

  test("whose plan is lost is found by its owner", () => {
    expect(findEndpoints("nat/4f6e1b/eth0", [{ ...web, plan: null }])).toHaveLength(1);
  });

  test("that may be several is refused with the choices", () => {
    expect(() => findEndpoint("4f6e1b", all)).toThrow(
      '"4f6e1b" may be nat/4f6e1b/eth0, other/4f6e1b/eth1: name one of them',
    );
  });

  test("that is none is refused with what there is", () => {
    expect(() => findEndpoint("web", all)).toThrow("there are nat/4f6e1b/eth0, nat/4f6e99/eth0");
    expect(() => findEndpoint("web", [])).toThrow("there are none");
    const many = Array.from({ length: 10 }, (_, i) => endpoint("n", `c${i}`, `10.9.0.${i}/24`));
    expect(() => findEndpoint("web", many)).toThrow("n/c7/eth0, 2 more");
  });
});
