import { describe, expect, test } from "vitest";
import { parseCniArgs, requireKnownArgs } from "../../../lib/cni/args.ts";
import { failure, parseWith } from "./attachment.ts";

test("C111 the keys runtimes send are read", () => {
  const args = parseCniArgs("IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;IP=10.1.0.9;MAC=");
  expect(args.ignoreUnknown).toBe(true);
  expect(Object.fromEntries(args.values)).toMatchObject({ K8S_POD_NAME: "web-0", IP: "10.1.0.9", MAC: "" });
  expect(args.malformed).toEqual([]);
});

test.each([
  ["IgnoreUnknown=1", true],
  ["IgnoreUnknown=true", true],
  ["IgnoreUnknown=TRUE", true],
  ["IgnoreUnknown=0", false],
  ["IgnoreUnknown=false", false],
  ["ignoreunknown=1", false],
  ["", false],
])("%j says %s", (text, expected) => expect(parseCniArgs(text).ignoreUnknown).toBe(expected));

test("of a repeated key the last counts, empty pairs are skipped", () => {
  expect([...parseCniArgs(";IP=1;;IP=2;").values]).toEqual([["IP", "2"]]);
});

describe("C19", () => {
  test.each(["IP", "IP=1=2", "=1", "A=b;IP", "IgnoreUnknown=1;IP", "IgnoreUnknown=perhaps"])(
    "%j is code 4 on ADD and CHECK and no obstacle to DEL",
    (text) => {
      const error = failure(() => parseWith({ CNI_ARGS: text }));
      expect(error.code).toBe(4);
      expect(error.message).toContain("CNI_ARGS");
      expect(failure(() => parseWith({ CNI_COMMAND: "CHECK", CNI_ARGS: text })).code).toBe(4);
      expect(parseWith({ CNI_COMMAND: "DEL", CNI_ARGS: text }).verb).toBe("DEL");
      expect(parseWith({ CNI_COMMAND: "GC", CNI_ARGS: text }).verb).toBe("GC");
    },
  );

  test("an unknown key is an error unless the runtime says to ignore it", () => {
    const error = failure(() => requireKnownArgs(parseCniArgs("IP=1;FOO=2;BAR=3;K8S_POD_UID=u"), ["IP"]));
    expect(error.code).toBe(4);
    expect(error.message).toContain("[FOO,BAR]");
    requireKnownArgs(parseCniArgs("FOO=2;IgnoreUnknown=true"), ["IP"]);
    requireKnownArgs(parseCniArgs("IP=1"), ["IP"]);
  });

  test("a key named like a member of objects is a key", () => {
    expect(parseCniArgs("__proto__=1;constructor=2").values.get("constructor")).toBe("2");
  });
});
