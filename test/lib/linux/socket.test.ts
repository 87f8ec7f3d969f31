import { beforeAll, describe, expect, test } from "vitest";
import { noNamespace, runJson, titled } from "./own-namespace.ts";

describe.skipIf(noNamespace)(titled("sockets"), () => {
  let out: Record<string, unknown> = {};
  beforeAll(() => {
    out = runJson("socket-in-kernel.ts") as Record<string, unknown>;
  }, 30_000);

  test("carry a transaction of 65 535 set elements in one datagram where the machine lets them", () => {
    // Without CAP_NET_ADMIN on the host net.core.wmem_max decides, and the refusal must say so.
    const limited = /^EMSGSIZE .*net\.core\.wmem_max/;
    expect(out.large === "ok" || limited.test(String(out.large))).toBe(true);
    expect(out.parts ?? []).toEqual([]);
    expect(out.elements).toBe(65_535);
  });

  test("name the first of 20 000 requests that fail, though their errors do not fit", () => {
    expect(out.failing).toMatch(/^ENOENT \d+: nft message 2: ENOENT$/);
    expect(out.after).toBe("ok");
  });

  test("take no part of a transaction when one of its requests fails", () => {
    expect(out.unchanged).toMatch(/^ENOENT/);
    expect(out.rolledBack).toBe("ENOENT");
  });

  test("bring the outcome of each of thousands of requests", () => {
    expect(out.many).toBe(5000);
    expect(out.bridges).toBe(300);
  });

  test("bring dumps of many datagrams whole", () => {
    expect(out.links).toBe(301);
  });
});
