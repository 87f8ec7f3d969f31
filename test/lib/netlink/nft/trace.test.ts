import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessages, type Message } from "../../../../lib/netlink/message.ts";
import { decodeTrace } from "../../../../lib/netlink/nft/trace.ts";
import { seed } from "../../seed.ts";

/**
 * What Linux 6.18 tells of `ping 127.0.0.1` through
 *
 *     table inet t {
 *       chain sub { counter return }
 *       chain in { type filter hook input priority 0; policy drop; meta nftrace set 1; ip protocol icmp jump sub }
 *     }
 */
const golden = [
  // meta nftrace set 1: verdict continue, with the headers, which are told once.
  "a8000000110a000000000000000000000100000008000f0000000002080004000000000308000600397d64fb07000200696e0000" +
    "06000100740000000c00030000000000000000040c00050008000100ffffffff08000a000000000106000b000304000018000800" +
    "45000054787740004001c42f7f0000017f000001180009000800ad7a7044000036aca39400000000000000001200070000000000" +
    "000000000000000008000000",
  // ip protocol icmp jump sub
  "5c000000110a000000000000000000000100000008000f0000000002080004000000000308000600397d64fb07000200696e0000" +
    "06000100740000000c00030000000000000000051400050008000100fffffffd0800020073756200",
  // counter return
  "54000000110a000000000000000000000100000008000f0000000002080004000000000308000600397d64fb0800020073756200" +
    "06000100740000000c00030000000000000000030c00050008000100fffffffb",
  // the policy
  "44000000110a000000000000000000000100000008000f0000000002080004000000000108000600397d64fb07000200696e0000" +
    "06000100740000000800100000000000",
];

const messages = golden.map((hex): Message => {
  const [message] = decodeMessages(Uint8Array.from(Buffer.from(hex, "hex")));
  if (message === undefined) throw new Error("no message");
  return message;
});

describe("trace messages", () => {
  it("tell rule, verdict and interface of each step, and the policy at the end", () => {
    const of = { family: "inet", table: "t", id: 0x397d64fb };
    expect(messages.map(decodeTrace)).toEqual([
      { ...of, chain: "in", type: "rule", handle: 4n, verdict: { kind: "continue" }, in: 1 },
      { ...of, chain: "in", type: "rule", handle: 5n, verdict: { kind: "jump", chain: "sub" } },
      { ...of, chain: "sub", type: "rule", handle: 3n, verdict: { kind: "return" } },
      { ...of, chain: "in", type: "policy", policy: "drop" },
    ]);
  });

  it("that are cut off, or about something else, are passed over", () => {
    const [message] = messages;
    if (message === undefined) throw new Error("no message");
    expect(decodeTrace({ ...message, type: 0x0a00 })).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        expect(() => decodeTrace({ ...message, payload })).not.toThrow();
      }),
      { seed },
    );
  });
});
