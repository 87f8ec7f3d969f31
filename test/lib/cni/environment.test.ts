import { describe, expect, test } from "vitest";
import { parsePath } from "../../../lib/cni/environment.ts";
import { config, failure, parseWith, prevResult } from "./attachment.ts";

const checkConfig = config({ prevResult });

test.each(["add", "FOO", "ADD ", " ADD", "DELETE"])("C11 the command %j is code 4", (command) => {
  const error = failure(() => parseWith({ CNI_COMMAND: command }));
  expect([error.code, error.message]).toEqual([4, expect.stringContaining("CNI_COMMAND")]);
});

test("C11 an unknown command is refused before the configuration is looked at", () => {
  expect(failure(() => parseWith({ CNI_COMMAND: "FOO" }, "{}")).code).toBe(4);
});

describe("C12 C13 required variables", () => {
  const required = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"] as const;
  for (const value of [undefined, ""]) {
    const how = value === undefined ? "missing" : "empty";
    test.each(required)(`%s ${how} is code 4 on ADD and CHECK, and named once`, (name) => {
      for (const verb of ["ADD", "CHECK"]) {
        const error = failure(() => parseWith({ CNI_COMMAND: verb, [name]: value }, checkConfig));
        expect(error.code).toBe(4);
        expect(error.message.split(name)).toHaveLength(2);
        for (const other of required) if (other !== name) expect(error.message).not.toContain(other);
      }
    });

    test(`all ${how} are named in one error`, () => {
      const all = { CNI_CONTAINERID: value, CNI_NETNS: value, CNI_IFNAME: value };
      expect(failure(() => parseWith(all)).message).toContain("[CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME]");
      const del = failure(() => parseWith({ ...all, CNI_COMMAND: "DEL" }));
      expect(del.message).toContain("[CNI_CONTAINERID,CNI_IFNAME]");
    });

    test(`DEL goes without a namespace (${how})`, () => {
      expect(parseWith({ CNI_COMMAND: "DEL", CNI_NETNS: value })).toMatchObject({
        netns: undefined,
        ifname: "eth0",
      });
    });

    test(`CNI_PATH (${how}) is not demanded of anybody`, () => {
      for (const verb of ["ADD", "DEL", "CHECK", "GC", "STATUS"]) {
        expect(parseWith({ CNI_COMMAND: verb, CNI_PATH: value }, checkConfig)).toMatchObject({ path: [] });
      }
    });
  }

  test("missing and invalid variables are told together", () => {
    const error = failure(() =>
      parseWith({ CNI_CONTAINERID: "-a", CNI_NETNS: "", CNI_IFNAME: "a/b", CNI_ARGS: "x" }),
    );
    for (const name of ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"])
      expect(error.message).toContain(name);
  });
});

describe("C14 the container id", () => {
  test.each(["-a", ".a", "_a", "a/b", "ä", "a b", "a\n", "../x", "a;b", "a:b"])("%j is code 4", (id) => {
    const error = failure(() => parseWith({ CNI_CONTAINERID: id }));
    expect([error.code, error.message]).toEqual([4, expect.stringContaining("CNI_CONTAINERID")]);
  });

  test.each(["a", "0", "A-b_c.d", "a".repeat(300)])("%j is accepted", (id) => {
    expect(parseWith({ CNI_CONTAINERID: id })).toMatchObject({ containerId: id });
  });
});

describe("C15 the interface name", () => {
  test.each([
    "sixteen-letters-",
    ".",
    "..",
    "a/b",
    "a:b",
    "a b",
    "a\tb",
    "a\nb",
    "a\u00a0b",
    "a\u2003b",
    "a\u0085b",
    "eth%d",
    "all",
    "default",
    // 15 characters, 30 bytes.
    "ä".repeat(15),
  ])("%j is code 4", (ifname) => {
    const error = failure(() => parseWith({ CNI_IFNAME: ifname }));
    expect([error.code, error.message]).toEqual([4, expect.stringContaining("CNI_IFNAME")]);
  });

  test.each(["eth0", "fifteen-letters", "a.b", "...", "ö", "ethall"])("%j is accepted", (ifname) => {
    expect(parseWith({ CNI_IFNAME: ifname })).toMatchObject({ ifname });
  });
});

test.each(["GC", "STATUS"])("C16 C89 %s takes empty and even bad names, they mean nothing there", (verb) => {
  const empty = { CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "", CNI_ARGS: "" };
  expect(parseWith({ ...empty, CNI_COMMAND: verb }).verb).toBe(verb);
  expect(parseWith({ CNI_COMMAND: verb, CNI_CONTAINERID: "-", CNI_IFNAME: "a/b" }).verb).toBe(verb);
});

test("C17 the namespace is handed on byte for byte", () => {
  const netns = "/run/a b/\nns=\u00e4";
  expect(parseWith({ CNI_NETNS: netns })).toMatchObject({ netns });
});

test("C20 CNI_PATH is split, empty entries fall out, relative ones stay", () => {
  expect(parsePath("/a::/b c:./d:")).toEqual(["/a", "/b c", "./d"]);
  expect(parsePath("C:\\a;;D:\\b", ";")).toEqual(["C:\\a", "D:\\b"]);
  expect(parsePath(undefined)).toEqual([]);
});
