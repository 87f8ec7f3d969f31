import { describe, expect, test } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { CniError } from "../../../lib/cni/error.ts";
import { type Issue, readString, report } from "../../../lib/cni/read.ts";
import type { CniRequest } from "../../../lib/cni/request.ts";
import { emptyResult, type Result } from "../../../lib/cni/result.ts";
import { run, type Verbs } from "../../../lib/cni/run.ts";
import { supportedVersions } from "../../../lib/cni/version.ts";
import { attachmentEnv, config, prevResult } from "./attachment.ts";

const about = { type: "nat", version: "1.2.3" };
const result: Result = { ...emptyResult, ips: [{ address: prefix("10.1.0.5/16"), gateway: ip("10.1.0.1") }] };

/** Runs a call and tells which verbs were reached. */
function call(env: object, stdin: string | Uint8Array | (() => string), verbs: Partial<Verbs> = {}) {
  const reached: CniRequest[] = [];
  const note = (request: CniRequest) => void reached.push(request);
  const all: Verbs = {
    add: (request) => {
      note(request);
      return result;
    },
    del: note,
    check: note,
    gc: note,
    status: note,
    ...verbs,
  };
  const outcome = run({ env: { ...attachmentEnv, ...env }, stdin, verbs: all, about });
  return { ...outcome, reached, json: outcome.stdout === "" ? undefined : JSON.parse(outcome.stdout) };
}
const verb = (name: string, verbs: Partial<Verbs> = {}) =>
  call({ CNI_COMMAND: name }, config({ prevResult }), verbs);
const throwing = (error: unknown): Partial<Verbs> => ({
  add: () => {
    throw error;
  },
});

test.each([undefined, ""])(
  "C9 without a verb (%j) the plugin says on stderr what it is, and reads nothing",
  (command) => {
    const stdin = () => {
      throw new Error("stdin was read");
    };
    const { stdout, stderr, exitCode } = call({ CNI_COMMAND: command }, stdin);
    expect([stdout, exitCode]).toEqual(["", 0]);
    expect(stderr.split("\n")[0]).toBe("CNI nat plugin v1.2.3");
    for (const version of supportedVersions) expect(stderr).toContain(version);
  },
);

describe("C2 C3 stdout and exit code", () => {
  test.each(supportedVersions)("of ADD are the result in version %s and 0", (cniVersion) => {
    const { json, exitCode, stderr } = call({}, config({ cniVersion }));
    expect([json.cniVersion, exitCode, stderr]).toEqual([cniVersion, 0, ""]);
  });

  test.each(["DEL", "CHECK", "GC", "STATUS"])("C64 C74 C84 of a successful %s are empty and 0", (name) => {
    const { stdout, exitCode, reached } = verb(name);
    expect([stdout, exitCode, reached.map((request) => request.verb)]).toEqual(["", 0, [name]]);
  });

  test.each(["GC", "STATUS"] as const)(
    "of %s are empty and 0 when the plugin has nothing to do there",
    (name) => {
      const { add, del, check } = { add: () => result, del: () => undefined, check: () => {} };
      const input = { env: { ...attachmentEnv, CNI_COMMAND: name }, stdin: config(), about };
      expect(run({ ...input, verbs: { add, del, check } })).toEqual({ stdout: "", stderr: "", exitCode: 0 });
    },
  );

  test("of a failure are one error object and 1, and a person finds it on stderr", () => {
    const error = new CniError(101, "eth0 exists", { reason: "interface-exists", details: "remove it" });
    const { stdout, json, stderr, exitCode } = verb("ADD", throwing(error));
    expect(json).toEqual({ cniVersion: "1.1.0", code: 101, msg: "eth0 exists", details: "remove it" });
    expect([stdout.endsWith("}\n"), stderr, exitCode]).toEqual([true, "nat: ADD failed: eth0 exists\n", 1]);
  });
});

describe("C31 VERSION", () => {
  test("answers in the version asked in, with all that are supported", () => {
    const { json, exitCode } = call({ CNI_COMMAND: "VERSION" }, '{"cniVersion":"0.4.0"}');
    expect([json, exitCode]).toEqual([{ cniVersion: "0.4.0", supportedVersions }, 0]);
  });

  test.each(["", "garbage", '{"cniVersion":"3.0.0"}'])("answers on stdin %j", (stdin) => {
    expect(call({ CNI_COMMAND: "VERSION" }, stdin).json).toEqual({ cniVersion: "1.1.0", supportedVersions });
  });

  test("answers when stdin cannot be read", () => {
    const stdin = () => {
      throw new CniError(5, "closed", { reason: "stdin-unreadable" });
    };
    expect(call({ CNI_COMMAND: "VERSION" }, stdin).json).toMatchObject({ supportedVersions });
    expect(call({}, stdin)).toMatchObject({ exitCode: 1, json: { code: 5, msg: "closed" } });
  });
});

describe("an error object", () => {
  test("C32 bears the version of the configuration, or the newest where that is not known", () => {
    const version = (stdin: string) => call({ CNI_IFNAME: "" }, stdin).json.cniVersion;
    expect(version(config({ cniVersion: "0.4.0" }))).toBe("0.4.0");
    for (const stdin of [config({ cniVersion: "8.0.0" }), "x", ""]) expect(version(stdin)).toBe("1.1.0");
  });

  test.each([
    [1, {}, config({ cniVersion: "9.9.9" })],
    [1, { CNI_COMMAND: "CHECK" }, config({ cniVersion: "0.3.1" })],
    [4, { CNI_COMMAND: "add" }, config()],
    [4, { CNI_NETNS: "" }, config()],
    [5, {}, "x".repeat(16 * 1024 * 1024 + 1)],
    [6, {}, "{"],
    [7, {}, config({ name: "" })],
    [7, { CNI_COMMAND: "CHECK" }, config()],
  ])("has code %d for %j", (code, env, stdin) => {
    const { json, exitCode, reached, stdout } = call(env, stdin);
    expect([json.code, exitCode, reached]).toEqual([code, 1, []]);
    expect(json.msg).not.toBe("");
    expect(stdout).not.toMatch(/\bat .*:\d+/);
  });

  test.each([
    new TypeError("undefined is not an object (evaluating 'a.b')\nsecond line"),
    new RangeError("x".repeat(5000)),
    "a string",
    undefined,
    new CniError(-1, "bad code", { reason: "x" }),
    new CniError(Number.NaN, "bad code", { reason: "x" }),
  ])("of a defect (%o) is the code of internal errors, short and without a stack", (thrown) => {
    const { json, exitCode } = verb("ADD", throwing(thrown));
    expect([json.code, exitCode]).toEqual([111, 1]);
    expect(json.msg.length).toBeLessThan(250);
    expect(json.msg).not.toContain("\n");
  });

  test("always has a message", () => {
    expect(verb("ADD", throwing(new CniError(7, "", { reason: "empty-message" }))).json.msg).toBe(
      "empty-message",
    );
  });
});

describe("C129 secrets of the configuration", () => {
  const secret = "correct-horse-battery";
  const stdin = config({
    overlay: { psk: secret, peers: [{ "api-Token": `${secret}2` }] },
    password: secret,
  });

  test.each([
    new CniError(7, `bad value ${secret}`, { reason: "x", details: `in ${secret}2` }),
    new Error(`cannot use ${secret}`),
  ])("are in no message, whoever threw it (%o)", (error) => {
    const { stdout, stderr } = call({}, stdin, throwing(error));
    expect(stdout + stderr).not.toContain("horse");
    expect(stdout).toContain("***");
  });

  test("are in no warning and in no text of a delegate", () => {
    const { stderr } = call({ CNI_COMMAND: "DEL" }, stdin, {
      del: (_, log) => {
        log.warn(`warned ${secret}`);
        log.pass(`delegate ${secret}`);
      },
    });
    expect(stderr).toBe("nat: warned ***\ndelegate ***");
  });

  test("are not shown even where they are too short to be found in a text", () => {
    const issues: Issue[] = [];
    readString(["abc"], "overlay.psk", issues);
    report(issues, "peers[0].token", "a longer text", "abc");
    expect(issues.map(({ received }) => received)).toEqual(["a hidden value", "a hidden value"]);
  });

  test("are not shown where a value is of the wrong type or place", () => {
    const { stdout, stderr } = call({}, config({ ipam: secret, "cni.dev/secret": secret }));
    expect(stdout + stderr).not.toContain("horse");
  });
});

describe("C46 an ADD whose result cannot be expressed", () => {
  test("is undone and fails", () => {
    const { json, exitCode, reached } = call({}, config({ cniVersion: "0.2.0" }), { add: () => emptyResult });
    expect([json.code, exitCode]).toEqual([1, 1]);
    expect(reached.map((request) => request.verb)).toEqual(["DEL"]);
  });

  test("fails with the first error when undoing fails as well", () => {
    const del = () => {
      throw new CniError(105, "undo failed", { reason: "x" });
    };
    const { json, stderr } = call({}, config({ cniVersion: "0.2.0" }), { add: () => emptyResult, del });
    expect(json.code).toBe(1);
    expect(stderr).toContain("undo failed");
  });
});

test("what DEL passes over in its configuration is on stderr", () => {
  const { stderr, exitCode } = call({ CNI_COMMAND: "DEL" }, config({ dns: 5 }));
  expect([stderr, exitCode]).toEqual(["nat: ignored dns: expected an object, received 5\n", 0]);
});

test("C7 other variables of the environment do not matter", () => {
  expect(call({ TRACEPARENT: "00-", LANG: "tlh", CNI_VERSION: "0.1.0" }, config()).exitCode).toBe(0);
});
