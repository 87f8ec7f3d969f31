import { describe, expect, test } from "vitest";
import {
  atLeast,
  hasVerb,
  newestVersion,
  parseVersion,
  requireVerb,
  resultForm,
  supportedVersions,
} from "../../../lib/cni/version.ts";
import { failure } from "./attachment.ts";

test("all seven released versions are supported, the last one is the newest", () => {
  expect(supportedVersions).toEqual(["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]);
  expect(newestVersion).toBe("1.1.0");
  for (const version of supportedVersions) expect(parseVersion(version)).toBe(version);
});

test.each([undefined, null, ""])("a missing version (%j) means 0.1.0", (value) => {
  expect(parseVersion(value)).toBe("0.1.0");
});

test.each(["9.9.9", "1.0", "v1.0.0", "1.0.0-rc1", "1.2.0", " 1.0.0", "1.0.0\n"])(
  "C23 version %j is code 1 and the details name what was asked and what there is",
  (value) => {
    const error = failure(() => parseVersion(value));
    expect(error.code).toBe(1);
    expect(error.details).toContain(JSON.stringify(value).slice(1, -1));
    for (const version of supportedVersions) expect(error.details).toContain(version);
  },
);

test.each([1, true, {}, ["1.0.0"]])("C28 a version that is no string (%j) is code 7", (value) => {
  expect(failure(() => parseVersion(value)).code).toBe(7);
});

describe("C24 verbs came with versions", () => {
  test.each([
    ["CHECK", "0.4.0"],
    ["GC", "1.1.0"],
    ["STATUS", "1.1.0"],
    ["ADD", "0.1.0"],
  ] as const)("%s with %s", (verb, since) => {
    for (const version of supportedVersions) {
      expect(hasVerb(version, verb)).toBe(atLeast(version, since));
      if (atLeast(version, since)) requireVerb(version, verb);
      else expect(failure(() => requireVerb(version, verb)).code).toBe(1);
    }
  });
});

test("results have four forms", () => {
  expect(supportedVersions.map(resultForm)).toEqual([
    "ip4-ip6",
    "ip4-ip6",
    "versioned-ips",
    "versioned-ips",
    "versioned-ips",
    "ips",
    "ips-extended",
  ]);
});
