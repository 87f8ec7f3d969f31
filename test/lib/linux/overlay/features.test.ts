import { describe, expect, test } from "vitest";
import { missingForOverlay } from "../../../../lib/linux/overlay/features.ts";
import type { Netlink } from "../../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../../lib/netlink/error.ts";
import type { Request } from "../../../../lib/netlink/message.ts";
import { type ErrnoName, errno } from "../../../../lib/os/errno.ts";
import { noNamespace, runJson, titled } from "../own-namespace.ts";

/** A kernel that answers each request with the errno of the word in its title, and never makes anything. */
function kernel(errnos: Readonly<Record<string, ErrnoName>>): { readonly host: Netlink } {
  const request = ({ title }: Request): never => {
    const [, name = "EINVAL"] = Object.entries(errnos).find(([word]) => title.includes(word)) ?? [];
    throw new NetlinkError(title, 1, { errno: errno[name] });
  };
  return { host: { request } as unknown as Netlink };
}

describe("what a kernel lacks for overlay networks", () => {
  test("is nothing where it refuses what no kernel could do", () => {
    const able = kernel({ vxlan: "ERANGE", nexthop: "EINVAL" });
    expect(missingForOverlay(able, "routed")).toEqual([]);
  });

  test("is what it does not know", () => {
    const old = kernel({ vxlan: "EOPNOTSUPP", nexthop: "EOPNOTSUPP" });
    expect(missingForOverlay(old, "routed")).toEqual([
      "VXLAN (CONFIG_VXLAN, module vxlan)",
      "next hop objects (Linux 5.3)",
    ]);
    expect(missingForOverlay(old, "stretched")).toEqual(["VXLAN (CONFIG_VXLAN, module vxlan)"]);
  });

  test("is not what it forbids", () => {
    expect(missingForOverlay(kernel({ vxlan: "EPERM", nexthop: "EPERM" }), "routed")).toEqual([]);
  });

  test.skipIf(noNamespace)(titled("is asked of a real one so that nothing is made"), () => {
    expect(runJson("overlay/features-in-kernel.ts")).toEqual({ routed: [], links: ["lo"] });
  });
});
