import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  delegateAdd,
  delegateCheck,
  delegateDel,
  delegateGc,
  delegateStatus,
} from "../../../lib/cni/delegate.ts";
import { findDelegate, sameFile } from "../../../lib/cni/find-delegate.ts";
import type {
  AddRequest,
  CheckRequest,
  DelRequest,
  GcRequest,
  StatusRequest,
} from "../../../lib/cni/request.ts";
import { attachmentEnv, config, failure, parseWith, prevResult } from "./attachment.ts";
import { makePluginFolder, type PluginFolder } from "./plugins.ts";

let folder: PluginFolder;
let warned: string[];
let passed: string[];
const context = {
  log: { warn: (text: string) => void warned.push(text), pass: (text: string) => void passed.push(text) },
  timeoutMs: 20_000,
};
const stdin = ` ${config({ ipam: { type: "any" }, prevResult, label: "Gr\u00fc\u00dfe" })}\n`;

beforeAll(() => {
  folder = makePluginFolder();
});
afterAll(() => folder.remove());
beforeEach(() => {
  warned = [];
  passed = [];
});

type Requests = {
  ADD: AddRequest;
  DEL: DelRequest;
  CHECK: CheckRequest;
  GC: GcRequest;
  STATUS: StatusRequest;
};
function request<V extends keyof Requests>(verb: V, more: Record<string, string> = {}): Requests[V] {
  const parsed = parseWith({ CNI_PATH: `/nowhere:${folder.path}`, ...more, CNI_COMMAND: verb }, stdin);
  if (parsed.verb !== verb) throw new Error(parsed.verb);
  return parsed as Requests[V];
}
const add = (name: string, timeoutMs = context.timeoutMs) =>
  delegateAdd(name, request("ADD"), { ...context, timeoutMs });

describe("C90 a delegate", () => {
  test("is the first regular file of its name in the folders of CNI_PATH", () => {
    const second = folder.add("twice", "");
    mkdirSync(join(folder.path, "a", "twice"), { recursive: true });
    mkdirSync(join(folder.path, "b"));
    symlinkSync(second, join(folder.path, "b", "twice"));
    const path = ["/nowhere", join(folder.path, "a"), join(folder.path, "b"), folder.path];
    expect(findDelegate("twice", path)).toEqual({ type: "twice", file: join(folder.path, "b", "twice") });
  });

  test("that is nowhere is named with the folders searched", () => {
    const error = failure(() => findDelegate("absent", ["/a", "./b"]));
    expect([error.code, error.message]).toEqual([106, "plugin absent not found in CNI_PATH [/a, ./b]"]);
    expect(failure(() => findDelegate("absent", [])).code).toBe(4);
  });

  test.each(["../x", "/bin/sh", "a/b", "a\\b", "..", ".", ""])(
    "is not looked for outside of them: %j",
    (type) => {
      expect(failure(() => findDelegate(type, ["/bin"])).code).toBe(7);
    },
  );

  test("is found to be the running executable through links, and not by its name or content", () => {
    const file = folder.add("multi", "");
    linkSync(file, join(folder.path, "hard"));
    symlinkSync(join(folder.path, "hard"), join(folder.path, "soft"));
    const other = folder.add("other", "");
    expect(sameFile(join(folder.path, "soft"), file)).toBe(true);
    expect(sameFile(join(folder.path, "hard"), file)).toBe(true);
    expect(sameFile(other, file)).toBe(false);
    expect(sameFile(join(folder.path, "gone"), join(folder.path, "gone"))).toBe(false);
  });

  test("is found in a relative folder and not in PATH", () => {
    writeFileSync(join(folder.path, "sh"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    const relative = `./${"../".repeat(12)}${folder.path.slice(1)}`;
    delegateDel("sh", request("DEL", { CNI_PATH: relative }), context);
  });
});

describe("C91 a delegate gets", () => {
  test("stdin byte for byte and the environment it came with", () => {
    folder.add("echo", `echo '{"ips":[{"address":"10.0.0.5/8"}]}'`);
    delegateAdd("echo", request("ADD", { CNI_ARGS: "A=b", TRACEPARENT: "00-1" }), context);
    const { stdin: seen, env } = folder.last("echo");
    expect(seen).toBe(stdin);
    for (const line of [
      "CNI_COMMAND=ADD",
      "CNI_ARGS=A=b",
      "TRACEPARENT=00-1",
      `CNI_IFNAME=${attachmentEnv.CNI_IFNAME}`,
    ]) {
      expect(env.split("\n")).toContain(line);
    }
  });

  test("C94 every verb", () => {
    folder.add("verbs", `[ "$CNI_COMMAND" = ADD ] && echo '{"ips":[]}'; exit 0`);
    add("verbs");
    delegateCheck("verbs", request("CHECK"), context);
    delegateDel("verbs", request("DEL"), context);
    delegateGc("verbs", request("GC"), context);
    delegateStatus("verbs", request("STATUS"), context);
    expect(folder.calls("verbs")).toEqual(["ADD", "CHECK", "DEL", "GC", "STATUS"]);
  });
});

describe("C92 the answer of a delegate", () => {
  test.each([
    ["1.1.0", '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.5/8","gateway":"10.0.0.1"}]}'],
    [
      "0.4.0",
      '{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.0.0.5/8","gateway":"10.0.0.1"}],"dns":{}}',
    ],
    ["0.2.0", '{"cniVersion":"0.2.0","ip4":{"ip":"10.0.0.5/8","gateway":"10.0.0.1"},"dns":{}}'],
    ["no version", '{"ips":[{"address":"10.0.0.5/8","gateway":"10.0.0.1"}]}'],
  ])("is read by its version: %s", (_, json) => {
    folder.add("answer", `echo '${json}'`);
    expect(add("answer").ips).toEqual([{ address: "10.0.0.5/8", gateway: "10.0.0.1" }]);
  });

  test("on stderr is passed on as it is, of success and of failure", () => {
    folder.add("talks", `printf 'a\\nb' >&2; [ "$CNI_COMMAND" = DEL ] && exit 1; echo '{}'`);
    add("talks");
    expect(passed).toEqual(["a\nb"]);
    expect(failure(() => delegateDel("talks", request("DEL"), context)).details).toBe("a\nb");
    expect(passed).toEqual(["a\nb", "a\nb"]);
  });
});

describe("C93 the error of a delegate", () => {
  test("keeps code, msg and details", () => {
    folder.add("fails", `echo '{"cniVersion":"1.1.0","code":11,"msg":"busy","details":"later"}'; exit 1`);
    for (const call of [
      () => add("fails"),
      () => delegateDel("fails", request("DEL"), context),
      () => delegateCheck("fails", request("CHECK"), context),
    ]) {
      expect(failure(call)).toMatchObject({ code: 11, message: "busy", details: "later" });
    }
  });

  test.each([
    ["says it on stderr only", "echo 'no lease left' >&2; exit 3", 112, "no lease left"],
    ["says nothing", "exit 3", 112, "exit code 3"],
    ["prints something else", "echo panic; exit 2", 112, "exit code 2"],
    ["has no code", `echo '{"msg":"x"}'; exit 1`, 112, "something other than a CNI error"],
    ["has a negative code", `echo '{"code":-5,"msg":"x"}'; exit 1`, 112, "something other than a CNI error"],
    ["is killed", "kill -9 $$", 112, "SIGKILL"],
    ["prints 10 MB", "head -c 10000000 /dev/zero", 112, "printed more than"],
    ["succeeds with garbage", "echo x", 6, "the result of odd"],
    ["succeeds with nothing", "exit 0", 6, "the result of odd is empty"],
    ["succeeds with a wrong type", `echo '{"ips":[{"address":"x"}]}'`, 6, "the result of odd.ips[0].address"],
    ["answers in an unknown version", `echo '{"cniVersion":"7.0.0"}'`, 1, "7.0.0"],
  ])("that %s is told, and C47 its DEL is called once", (_, body, code, text) => {
    folder.add("odd", `[ "$CNI_COMMAND" = DEL ] && exit 0\n${body}`);
    const before = folder.calls("odd").length;
    const error = failure(() => add("odd"));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
    expect(folder.calls("odd").slice(before)).toEqual(["ADD", "DEL"]);
    expect(folder.last("odd").stdin).toBe(stdin);
  });

  test("is the one of ADD when the clean-up fails as well, which is warned of", () => {
    folder.add("both", `echo "{\\"code\\":50,\\"msg\\":\\"$CNI_COMMAND\\"}"; exit 1`);
    expect(failure(() => add("both"))).toMatchObject({ code: 50, message: "ADD" });
    expect(folder.calls("both")).toEqual(["ADD", "DEL"]);
    expect(warned).toEqual([expect.stringContaining("both")]);
  });

  test("that cannot be started says why, and its DEL is not tried", () => {
    folder.add("plain", "", 0o644);
    writeFileSync(join(folder.path, "wrong"), "\u007fnot an executable", { mode: 0o755 });
    for (const name of ["plain", "wrong"]) {
      expect(failure(() => add(name))).toMatchObject({ code: 112, reason: "delegate-not-started" });
    }
    expect(warned).toEqual([]);
  });

  test("that hangs is killed when the time is up, which is code 11", () => {
    folder.add("hangs", `[ "$CNI_COMMAND" = DEL ] && exit 0\nexec sleep 60`);
    const error = failure(() => add("hangs", 150));
    expect([error.code, error.message]).toEqual([11, expect.stringContaining("150 ms")]);
    expect(folder.calls("hangs")).toEqual(["ADD", "DEL"]);
  });
});

describe("GC and STATUS of a delegate", () => {
  const gc = (name: string) => delegateGc(name, request("GC"), context);
  const status = (name: string) => delegateStatus(name, request("STATUS"), context);
  const old = `{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}`;
  const recent = `{"cniVersion":"1.1.0","supportedVersions":["1.0.0","1.1.0"]}`;

  test.each([
    ["answers 1", `echo '{"code":1,"msg":"incompatible CNI versions"}'; exit 1`],
    ["answers 4", `echo '{"code":4,"msg":"unknown CNI_COMMAND"}'; exit 1`],
    ["says nothing", "exit 1"],
  ])("that is older than 1.1 and %s is tolerated with a warning", (_, body) => {
    folder.add("older", `[ "$CNI_COMMAND" = VERSION ] && { echo '${old}'; exit 0; }\n${body}`);
    gc("older");
    status("older");
    expect(warned).toEqual([
      "older is older than CNI 1.1 and has no GC",
      "older is older than CNI 1.1 and has no STATUS",
    ]);
  });

  test("that refuses the verb and has no VERSION either is tolerated", () => {
    folder.add("script", `echo '{"code":4,"msg":"unknown command"}'; exit 1`);
    gc("script");
    expect(folder.calls("script")).toEqual(["GC", "VERSION"]);
  });

  test.each([
    ["50", `echo '{"code":50,"msg":"pool is full"}'; exit 1`, 50],
    ["51", `echo '{"code":51,"msg":"limited"}'; exit 1`, 51],
    ["4", `echo '{"code":4,"msg":"CNI_PATH"}'; exit 1`, 4],
    ["nothing", "exit 1", 112],
  ])("C85 that knows 1.1 and answers %s is forwarded", (_, body, code) => {
    folder.add("recent", `[ "$CNI_COMMAND" = VERSION ] && { echo '${recent}'; exit 0; }\n${body}`);
    expect(failure(() => status("recent")).code).toBe(code);
    expect(failure(() => gc("recent")).code).toBe(code);
  });

  test("C86 that is not installed is code 50 for STATUS", () => {
    expect(failure(() => status("absent"))).toMatchObject({
      code: 50,
      message: expect.stringContaining("absent"),
    });
    expect(failure(() => gc("absent")).code).toBe(106);
  });

  test("that has no VERSION and fails for a reason of its own is forwarded", () => {
    folder.add(
      "mute",
      `[ "$CNI_COMMAND" = VERSION ] && exit 1\necho '{"code":50,"msg":"pool is full"}'; exit 1`,
    );
    expect(failure(() => status("mute")).code).toBe(50);
  });

  test("that succeeds is asked nothing more", () => {
    folder.add("good", "exit 0");
    gc("good");
    expect(folder.calls("good")).toEqual(["GC"]);
  });
});
