/** For scripts in a namespace of their own: a second namespace, held by a child that ends with the script. */
import { spawn, spawnSync } from "node:child_process";
import { readlinkSync } from "node:fs";

export interface OtherNamespace {
  /** What a runtime passes as CNI_NETNS. */
  readonly path: string;
  /** `ip -j WORDS` in there. */
  ip(...words: readonly string[]): unknown;
  end(): void;
}

export async function otherNamespace(): Promise<OtherNamespace> {
  const child = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", reject);
  });
  const path = `/proc/${child.pid}/ns/net`;
  return {
    path,
    ip: (...words) => run("nsenter", [`--net=${path}`, "ip", "-j", ...words]),
    end: () => child.kill(),
  };
}

/** `ip -j WORDS` here. */
export function ip(...words: readonly string[]): unknown {
  return run("ip", ["-j", ...words]);
}

/** Inode of the network namespace in which the calling thread is. */
export function here(): string {
  return readlinkSync("/proc/thread-self/ns/net");
}

function run(program: string, words: readonly string[]): unknown {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr}`);
  return stdout.trim() === "" ? [] : JSON.parse(stdout);
}
