import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isUnicastMac, macBytes } from "../../../lib/addr/mac.ts";
import { digest, formatOwner, ownerKey } from "../../../lib/model/owner.ts";
import { portMac, portName, switchMac, switchName, vnicMac } from "../../../lib/model/plan.ts";
import { seed } from "../seed.ts";

const owner = { network: "net", containerId: "c1", ifname: "eth0" };

describe("the key of an owner", () => {
  it("is the same for ever: rows and kernel objects of an older release bear it", () => {
    expect(ownerKey(owner)).toBe("26026bd18b7cde682ae8b772c36d68c0");
    expect(portName(ownerKey(owner))).toBe("vp-26026bd18b7c");
    expect(vnicMac(owner)).toBe("3a:58:fe:cf:c6:14");
    expect(portMac(ownerKey(owner))).toBe("d6:b6:18:7f:1b:23");
    expect(switchMac("net")).toBe("62:c0:7b:7b:cd:c6");
    expect(switchName("a-network-with-a-long-name")).toBe("vsw-918e6cff8c8");
  });

  it("tells where one part ends and the next begins", () => {
    expect(ownerKey({ ...owner, network: "a-b", containerId: "c" })).not.toBe(
      ownerKey({ ...owner, network: "a", containerId: "b-c" }),
    );
    expect(digest("ab", "c")).not.toEqual(digest("a", "bc"));
  });

  it("changes with each part", () => {
    const others = [
      { ...owner, network: "x" },
      { ...owner, containerId: "x" },
      { ...owner, ifname: "x" },
    ];
    expect(new Set([owner, ...others].map(ownerKey)).size).toBe(4);
    expect(new Set([owner, ...others].map(vnicMac)).size).toBe(4);
  });
});

it("an owner reads as network, container and interface", () => {
  expect(formatOwner(owner)).toBe("net/c1/eth0");
});

it("every MAC is local and unicast, every name has at most 15 letters", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$/);
  fc.assert(
    fc.property(name, (text) => {
      const key = ownerKey({ ...owner, network: text });
      for (const mac of [switchMac(text), portMac(key), vnicMac({ ...owner, network: text })]) {
        expect(isUnicastMac(mac)).toBe(true);
        expect((macBytes(mac)[0] ?? 0) & 2).toBe(2);
      }
      expect(switchName(text).length).toBeLessThanOrEqual(15);
      expect(portName(key).length).toBeLessThanOrEqual(15);
    }),
    { seed },
  );
});
