/** IPAM plugins that do what a scenario says and write down how they were called. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "./json.ts";

/** Shell text per verb. It runs after the call was written down; what it prints is the answer. */
export type Answers = Readonly<Partial<Record<"ADD" | "DEL" | "CHECK" | "GC" | "STATUS", string>>>;

export interface DelegateCall {
  readonly verb: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

export interface FakeDelegate {
  /** The folder to put into CNI_PATH. */
  readonly folder: string;
  /** The value of `ipam.type`. */
  readonly type: string;
  /** Changes what it does from now on. */
  answer(answers: Answers): void;
  calls(verb?: string): readonly DelegateCall[];
  forget(): void;
  remove(): void;
}

/** Makes the executable in a folder of its own below `parent`. */
export function fakeDelegate(parent: string, type: string, answers: Answers): FakeDelegate {
  const folder = join(parent, `${type}-bin`);
  const records = join(parent, `${type}-calls`);
  mkdirSync(folder, { recursive: true });
  mkdirSync(records, { recursive: true });
  const write = (next: Answers) => {
    writeFileSync(join(folder, type), scriptOf(records, next), { mode: 0o755 });
  };
  write(answers);
  return {
    folder,
    type,
    answer: write,
    calls: (verb) => readCalls(records).filter((call) => verb === undefined || call.verb === verb),
    forget: () => {
      rmSync(records, { recursive: true, force: true });
      mkdirSync(records);
    },
    remove: () => rmSync(join(folder, type), { force: true }),
  };
}

function scriptOf(records: string, answers: Answers): string {
  const cases = Object.entries(answers).map(([verb, text]) => `${verb})\n${text}\n;;`);
  return `#!/bin/sh
at="${records}/$(/usr/bin/date +%s%N)-$$"
/usr/bin/env -0 > "$at.env"
PATH=/usr/sbin:/usr/bin:/sbin:/bin
cat > "$at.stdin"
touch "$at.done"
case "$CNI_COMMAND" in
${cases.join("\n")}
VERSION) echo '{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}' ;;
esac
`;
}

function readCalls(records: string): readonly DelegateCall[] {
  return readdirSync(records)
    .filter((name) => name.endsWith(".env") && existsSync(join(records, name.replace(/env$/, "done"))))
    .sort()
    .map((name) => {
      const env = Object.fromEntries(
        readFileSync(join(records, name), "utf8")
          .split("\0")
          .filter((line) => line.includes("="))
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
      const stdin = readFileSync(join(records, name.replace(/env$/, "stdin")), "utf8");
      return { verb: env.CNI_COMMAND ?? "", env, stdin };
    });
}

/** Shell text that prints a value as JSON. */
export function prints(value: unknown): string {
  return `cat <<'END-OF-ANSWER'\n${JSON.stringify(value)}\nEND-OF-ANSWER`;
}

/** Shell text that fails as a plugin does. */
export function failsWith(error: JsonObject): string {
  return `${prints(error)}\nexit 1`;
}

/** An IPAM result with one address, in the shape of the version. */
export function ipamResult(version: string, more: JsonObject = {}): JsonObject {
  const address = "10.71.0.5/24";
  const gateway = "10.71.0.1";
  if (version < "0.3.0") {
    return { cniVersion: version, ip4: { ip: address, gateway, routes: [{ dst: "0.0.0.0/0" }] } };
  }
  const ip = { ...(version < "1.0.0" ? { version: "4" } : {}), address, gateway };
  return { cniVersion: version, ips: [ip], routes: [{ dst: "0.0.0.0/0" }], ...more };
}
