import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import {
  directElement,
  directElements,
  natElement,
  publishedElement,
  switchElement,
} from "../../../../lib/linux/layout/element.ts";
import {
  encodeAdd,
  encodeDelete,
  encodeGet,
  formatElement,
} from "../../../../lib/linux/layout/element-requests.ts";

const web = { protocol: "tcp", hostPort: 8080, address: ip("172.30.0.2"), containerPort: 80 } as const;
const web6 = { ...web, address: ip("fd00::2") };

describe("an element of the layout", () => {
  it("reads as nft would take it", () => {
    const all = [
      switchElement("vs-nat", "network nat"),
      natElement(prefix("172.30.0.0/20"), "network nat"),
      natElement(prefix("fd00::/64"), "network nat"),
      directElement(prefix("172.30.0.0/20"), prefix("10.0.0.0/8"), "network nat"),
      directElement(prefix("fd00::/64"), prefix("fd01::1/128"), "network nat"),
      publishedElement(web, "web"),
      publishedElement(web6, "web"),
      publishedElement({ ...web, hostIp: ip("192.0.2.1"), protocol: "udp" }, "web"),
      publishedElement({ ...web6, hostIp: ip("2001:db8::1"), protocol: "sctp" }, "web"),
    ];
    expect(all.map(formatElement)).toEqual([
      'add element inet vswitch switches { "vs-nat" comment "network nat" }',
      'add element inet vswitch nat4 { 172.30.0.0/20 comment "network nat" }',
      'add element inet vswitch nat6 { fd00::/64 comment "network nat" }',
      'add element inet vswitch direct4 { 172.30.0.0/20 . 10.0.0.0/8 comment "network nat" }',
      'add element inet vswitch direct6 { fd00::/64 . fd01::1 comment "network nat" }',
      'add element inet vswitch published4_any { tcp . 8080 comment "web" : 172.30.0.2 . 80 }',
      'add element inet vswitch published6_any { tcp . 8080 comment "web" : fd00::2 . 80 }',
      'add element inet vswitch published4 { 192.0.2.1 . udp . 8080 comment "web" : 172.30.0.2 . 80 }',
      'add element inet vswitch published6 { 2001:db8::1 . sctp . 8080 comment "web" : fd00::2 . 80 }',
    ]);
  });

  it("is plain data", () => {
    expect(publishedElement({ ...web, hostIp: ip("192.0.2.1") }, 'of "a"')).toEqual({
      set: "published4",
      key: ["192.0.2.1", "tcp", 8080],
      data: ["172.30.0.2", 80],
      comment: "of 'a'",
    });
  });

  it("for every address of the host is the same, however that is written", () => {
    const any = publishedElement(web, "w");
    expect(publishedElement({ ...web, hostIp: ip("0.0.0.0") }, "w")).toEqual(any);
    expect(publishedElement({ ...web6, hostIp: ip("::") }, "w")).toEqual(publishedElement(web6, "w"));
    expect(any.set).toBe("published4_any");
  });

  it("of two families is refused", () => {
    expect(() => publishedElement({ ...web, hostIp: ip("::1") }, "w")).toThrow("::1 and 172.30.0.2");
    expect(() => publishedElement({ ...web6, hostIp: ip("0.0.0.0") }, "w")).toThrow(RangeError);
    expect(() => directElement(prefix("10.0.0.0/8"), prefix("fd00::/8"), "w")).toThrow(RangeError);
  });

  it("has no host bits in its prefixes", () => {
    expect(natElement(prefix("172.30.0.1/20"), "c").key).toEqual(["172.30.0.0/20"]);
    expect(directElement(prefix("10.1.2.3/8"), prefix("10.9.9.9/16"), "c").key).toEqual([
      "10.0.0.0/8",
      "10.9.0.0/16",
    ]);
  });

  it("has a comment of at most 128 bytes", () => {
    expect(Buffer.byteLength(publishedElement(web, "é".repeat(100)).comment ?? "")).toBe(128);
  });
});

describe("the direct destinations of one source", () => {
  const destinations = (...list: string[]) =>
    directElements(prefix("172.30.0.0/20"), list.map(prefix), "c").map(({ key }) => key[1]);

  it("leave out what another of them holds", () => {
    expect(destinations("172.30.0.0/20", "172.16.0.0/12", "172.30.1.0/24", "10.0.0.0/8")).toEqual([
      "172.16.0.0/12",
      "10.0.0.0/8",
    ]);
    expect(destinations("10.0.0.0/8", "0.0.0.0/0")).toEqual(["0.0.0.0/0"]);
  });

  it("are distinct", () => {
    expect(destinations("10.0.0.0/8", "10.1.0.0/8", "10.0.0.0/8")).toEqual(["10.0.0.0/8"]);
  });
});

describe("requests about elements", () => {
  const published = Array.from({ length: 1000 }, (_, i) =>
    publishedElement({ ...web, hostPort: 10_000 + i }, "c"),
  );

  it("are few, one set after the other, and titled in nft's words", () => {
    const mixed = [
      natElement(prefix("10.0.0.0/8"), "c"),
      ...published,
      natElement(prefix("172.16.0.0/12"), "c"),
    ];
    const requests = encodeAdd(mixed);
    expect(requests.length).toBeLessThan(4);
    expect(requests[0]?.title).toBe(
      'create element inet vswitch nat4 { 10.0.0.0/8 comment "c", 172.16.0.0/12 comment "c" }',
    );
    expect(requests[1]?.title).toMatch(
      /^create element inet vswitch published4_any \{ tcp \. 10000 .* and \d+ more \}$/,
    );
  });

  it("that delete and get name keys alone", () => {
    const [element] = published;
    if (element === undefined) throw new Error("no element");
    expect(encodeDelete([element]).map(({ title }) => title)).toEqual([
      "delete element inet vswitch published4_any { tcp . 10000 }",
    ]);
    expect(encodeGet(element).title).toBe("get element inet vswitch published4_any { tcp . 10000 }");
  });

  it("list the whole set where the kernel cannot be asked for one range", () => {
    expect(encodeGet(natElement(prefix("10.0.0.0/8"), "c")).title).toBe("list set inet vswitch nat4");
  });

  it("are none for no elements", () => {
    expect(encodeAdd([])).toEqual([]);
    expect(encodeDelete([])).toEqual([]);
  });
});
