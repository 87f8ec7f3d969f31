import { describe, expect, test } from "vitest";
import { parseRequest, peekVersion, toDelRequest } from "../../../lib/cni/request.ts";
import { supportedVersions } from "../../../lib/cni/version.ts";
import { attachmentEnv, config, failure, parseWith, prevResult } from "./attachment.ts";

const add = (stdin: string | Uint8Array) => parseRequest(attachmentEnv, stdin);
const check = (more: object) => parseWith({ CNI_COMMAND: "CHECK" }, config(more));
const del = (more: object) => parseWith({ CNI_COMMAND: "DEL" }, config(more));
const gc = (more: object) => parseWith({ CNI_COMMAND: "GC" }, config(more));

test("a request holds what the environment and the configuration say, stdin verbatim", () => {
  const stdin = ` ${config({ ipam: { type: "ipam", subnet: "10.0.0.0/8" }, dns: { nameservers: ["1.1.1.1"] }, ipMasq: true, mtu: 1400 })}\n`;
  expect(add(stdin)).toMatchObject({
    verb: "ADD",
    containerId: "c0ffee",
    netns: "/run/netns/c0ffee",
    ifname: "eth0",
    path: ["/opt/cni/bin"],
    stdin,
    env: attachmentEnv,
    config: {
      cniVersion: "1.1.0",
      name: "net",
      type: "nat",
      ipam: { type: "ipam", raw: { type: "ipam", subnet: "10.0.0.0/8" } },
      dns: { nameservers: ["1.1.1.1"] },
      ipMasq: true,
      raw: { mtu: 1400 },
    },
  });
});

describe("C1 C21 stdin", () => {
  test.each([
    ["empty", ""],
    ["blank", " \n"],
    ["a list", "[]"],
    ["null", "null"],
    ["a string", '"x"'],
    ["truncated", '{"cniVersion":"1.0.0","na'],
    ["two objects", `${config()}${config()}`],
    ["followed by garbage", `${config()}x`],
    ["with a byte order mark", `\ufeff${config()}`],
    ["a byte order mark in bytes", new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d])],
    ["not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["nested too deep", `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
    ["only brackets", "[".repeat(1_000_000)],
    ["with a comment", `${config()} // x`],
  ])("that is %s is code 6", (_, stdin) => {
    expect(failure(() => add(stdin)).code).toBe(6);
  });

  test("of more than 16 MiB is code 5", () => {
    expect(failure(() => add(`{"a":"${"x".repeat(16 * 1024 * 1024)}"}`)).code).toBe(5);
    expect(failure(() => add(new Uint8Array(16 * 1024 * 1024 + 1))).code).toBe(5);
  });

  test("with a key repeated a million times is read, the last counts", () => {
    const stdin = `{"cniVersion":"1.1.0",${'"name":"a",'.repeat(1_000_000)}"name":"b"}`;
    expect(add(stdin)).toMatchObject({ config: { name: "b" } });
  });

  test("is the same in bytes as in text", () => {
    const text = config({ label: "Grüße \u{1f433}" });
    expect(add(new TextEncoder().encode(text))).toEqual(add(text));
  });

  test("with brackets inside of strings is not nested", () => {
    expect(add(config({ label: `${"[".repeat(1000)}\\"${"{".repeat(1000)}` })).verb).toBe("ADD");
  });

  test("is not quoted in the error, it may hold secrets", () => {
    const { message, details } = failure(() => add('{"psk": hunter2hunter2}'));
    expect(`${message}${details}`).not.toContain("hunter2");
  });
});

describe("C22 the network's name", () => {
  test.each([undefined, "", null, "-n", ".n", "a/b", "../x", "a b", "ä", 5, {}])(
    "%j is code 7 for every verb",
    (name) => {
      for (const verb of ["ADD", "DEL", "CHECK", "GC", "STATUS"]) {
        const error = failure(() => parseWith({ CNI_COMMAND: verb }, config({ name, prevResult })));
        expect([error.code, error.message]).toEqual([7, expect.stringContaining("name")]);
      }
    },
  );

  test("of 255 letters is accepted", () => {
    expect(add(config({ name: "n".repeat(255) }))).toMatchObject({ config: { name: "n".repeat(255) } });
  });
});

test("C23 the version is decided before other fields", () => {
  expect(failure(() => add(config({ cniVersion: "9.9.9", name: "-", ipam: 5 }))).code).toBe(1);
});

test.each([undefined, ""])("C23 without a version (%j) the request is of 0.1.0", (cniVersion) => {
  expect(add(config({ cniVersion }))).toMatchObject({ config: { cniVersion: "0.1.0" } });
});

test("C24 a verb the version does not have is code 1", () => {
  for (const cniVersion of supportedVersions) {
    const has = (verb: string) => {
      try {
        return parseWith(
          { CNI_COMMAND: verb },
          config({ cniVersion, prevResult: { ...prevResult, cniVersion } }),
        ).verb;
      } catch {
        return failure(() => parseWith({ CNI_COMMAND: verb }, config({ cniVersion }))).code;
      }
    };
    expect(has("CHECK")).toBe(cniVersion < "0.4.0" ? 1 : "CHECK");
    expect(has("GC")).toBe(cniVersion < "1.1.0" ? 1 : "GC");
    expect(has("STATUS")).toBe(cniVersion < "1.1.0" ? 1 : "STATUS");
  }
});

test("C25 C29 keys of lists, runtimes and others are not objected to", () => {
  const foreign = {
    "cni.dev/x": 1,
    capabilities: { portMappings: true, odd: "x" },
    deviceID: "0000:00:1f.6",
    disableCheck: "true",
    disableGC: true,
    loadOnlyInlinedPlugins: false,
    plugins: [],
  };
  expect(add(config(foreign))).toMatchObject({
    config: { raw: foreign, capabilities: { portMappings: true } },
  });
});

test("Go's spelling of the specification's keys is read", () => {
  const stdin =
    '{"CNIVersion":"1.0.0","Name":"n","TYPE":"nat","IPAM":{"Type":"x","Subnet":1},"DNS":{"Nameservers":["::1"],"Search":null}}';
  expect(add(stdin)).toMatchObject({
    config: {
      cniVersion: "1.0.0",
      name: "n",
      type: "nat",
      ipam: { type: "x", raw: { Subnet: 1 } },
      dns: { nameservers: ["::1"] },
    },
  });
});

describe("C26 C27 C28 the specification's keys", () => {
  test.each([
    ["type", { type: 5 }],
    ["type", { type: "../nat" }],
    ["type", { type: "a\\b" }],
    ["ipam", { ipam: "host-local" }],
    ["ipam", { ipam: [] }],
    ["ipam.type", { ipam: { type: ["x"] } }],
    ["ipam.type", { ipam: { type: "/bin/sh" } }],
    ["ipam.type", { ipam: { type: ".." } }],
    ["ipMasq", { ipMasq: "yes" }],
    ["dns", { dns: 5 }],
    ["dns.nameservers", { dns: { nameservers: "1.1.1.1" } }],
    ["dns.nameservers[1]", { dns: { nameservers: ["1.1.1.1", 5] } }],
    ["dns.domain", { dns: { domain: {} } }],
    ["runtimeConfig", { runtimeConfig: [] }],
    ["prevResult.ips[0].interface", { prevResult: { ips: [{ address: "10.0.0.1/8", interface: 7 }] } }],
    ["prevResult.ips[0].interface", { prevResult: { ips: [{ address: "10.0.0.1/8", interface: -1 }] } }],
    [
      "prevResult.ips[0].interface",
      { prevResult: { interfaces: [{ name: "a" }], ips: [{ address: "10.0.0.1/8", interface: 1 }] } },
    ],
  ])("%s of a wrong type or value (%j) is code 7 on ADD and a warning on DEL", (path, more) => {
    const error = failure(() => add(config(more)));
    expect([error.code, error.message]).toEqual([7, expect.stringContaining(path)]);
    expect(del(more)).toMatchObject({ verb: "DEL", warnings: [expect.stringContaining(path)] });
  });

  test("are all judged at once", () => {
    const { message, details } = failure(() =>
      add(config({ ipam: 1, dns: 2, ipMasq: 3, type: 4, runtimeConfig: 5 })),
    );
    for (const path of ["ipam", "dns", "ipMasq", "type", "runtimeConfig"])
      expect(`${message} ${details}`).toContain(path);
  });

  test.each(["ipam", "dns", "args", "runtimeConfig", "prevResult", "capabilities", "ipMasq"])(
    "%s may be null",
    (key) => {
      expect(add(config({ [key]: null }))).toEqual({ ...add(config()), stdin: config({ [key]: null }) });
    },
  );
});

test("C95 an ipam without type is told apart from none", () => {
  expect(add(config({ ipam: {} }))).toMatchObject({ config: { ipam: { type: undefined, raw: {} } } });
  expect(add(config())).toMatchObject({ config: { ipam: undefined } });
});

test("C112 C113 args are handed on and never an error", () => {
  const args = { cni: { labels: [{ key: "a", value: "b" }], ips: ["10.0.0.5"] }, other: [1] };
  expect(add(config({ args }))).toMatchObject({ config: { args } });
  for (const odd of [5, "x", [1], true])
    expect(add(config({ args: odd }))).toMatchObject({ config: { args: undefined } });
});

describe("C33 prevResult", () => {
  test("of an unknown version or of nonsense is code 1 or 6, except on DEL", () => {
    const bad = [
      [1, { cniVersion: "9.9.9" }],
      [6, { cniVersion: 5 }],
      [6, "x"],
      [6, []],
      [6, { ips: 5 }],
      [6, { ips: [null] }],
      [6, { ips: [{ address: "10.0.0.1" }] }],
    ] as const;
    for (const [code, value] of bad) {
      expect(failure(() => add(config({ prevResult: value }))).code).toBe(code);
      const request = del({ prevResult: value });
      expect(request).toMatchObject({ config: { prevResult: undefined } });
      expect(request).toMatchObject({ warnings: [expect.stringContaining("prevResult")] });
    }
  });

  test("is read under its own version, or else under the configuration's", () => {
    const ip4 = { ip4: { ip: "10.1.0.5/16" } };
    const read = (cniVersion: string, value: object) => add(config({ cniVersion, prevResult: value }));
    const expected = { config: { prevResult: { ips: [{ address: "10.1.0.5/16" }] } } };
    expect(read("1.1.0", { cniVersion: "0.2.0", ...ip4 })).toMatchObject(expected);
    expect(read("0.2.0", ip4)).toMatchObject(expected);
  });
});

describe("C67 CHECK", () => {
  test("without prevResult is code 7", () => {
    for (const more of [{}, { prevResult: null }]) expect(failure(() => check(more)).code).toBe(7);
  });

  test("has it in the request", () => {
    expect(check({ prevResult })).toMatchObject({
      prevResult: { ips: [{ address: "10.1.0.5/16", interface: 0 }] },
    });
  });
});

describe("C76 C80 GC", () => {
  const valid = [{ containerID: "a", ifname: "eth0" }];
  const attachments = (more: object) => {
    const request = gc(more);
    if (request.verb !== "GC") throw new Error(request.verb);
    return request.config.validAttachments;
  };

  test("reads the key of the specification and the one of its tag", () => {
    expect(attachments({ "cni.dev/valid-attachments": valid })).toEqual(valid);
    expect(attachments({ "cni.dev/attachments": valid })).toEqual(valid);
  });

  test("takes the specification's where the two disagree", () => {
    expect(attachments({ "cni.dev/valid-attachments": [], "cni.dev/attachments": valid })).toEqual([]);
    expect(attachments({ "cni.dev/valid-attachments": null, "cni.dev/attachments": valid })).toEqual([]);
  });

  test("tells null, which is an empty list, from no key at all", () => {
    expect(attachments({ "cni.dev/valid-attachments": null })).toEqual([]);
    expect(attachments({})).toBeUndefined();
  });

  test("keeps entries that are repeated or unknown, and Go's spelling", () => {
    const text = [...valid, ...valid, { ContainerID: "zz", IfName: "net9", more: 1 }];
    expect(attachments({ "cni.dev/valid-attachments": text })).toEqual([
      ...valid,
      ...valid,
      { containerID: "zz", ifname: "net9" },
    ]);
  });

  test.each([
    {},
    { containerID: "a" },
    { containerID: "", ifname: "eth0" },
    { containerID: 1, ifname: "e" },
    "a",
    null,
  ])("refuses a malformed entry (%j) with code 7", (entry) => {
    const error = failure(() => attachments({ "cni.dev/valid-attachments": [...valid, entry] }));
    expect([error.code, error.message]).toEqual([7, expect.stringContaining("cni.dev/valid-attachments[1]")]);
  });

  test("refuses something that is no list", () => {
    expect(failure(() => attachments({ "cni.dev/valid-attachments": {} })).code).toBe(7);
  });
});

test("C31 VERSION answers in the version it was asked in, else in the newest", () => {
  for (const version of supportedVersions) {
    expect(parseWith({ CNI_COMMAND: "VERSION" }, `{"cniVersion":"${version}"}`)).toEqual({
      verb: "VERSION",
      cniVersion: version,
    });
  }
  for (const stdin of ["", "x", "{}", '{"cniVersion":"9.9.9"}', '{"cniVersion":5}', "[]"])
    expect(peekVersion(stdin)).toBe("1.1.0");
});

test("C91 the DEL that undoes an ADD differs from it by the verb alone", () => {
  const request = add(config());
  if (request.verb !== "ADD") throw new Error(request.verb);
  const undo = toDelRequest(request);
  expect(undo.env).toEqual({ ...attachmentEnv, CNI_COMMAND: "DEL" });
  expect({ ...undo, verb: "ADD", env: attachmentEnv }).toEqual(request);
});
