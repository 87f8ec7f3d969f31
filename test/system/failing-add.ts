/** An ADD that fails at its 1st, 2nd, ... thing asked of the kernel, on a lab's host. */
import { expect } from "vitest";
import type { Failure, FailuresRequest } from "./failures-child.ts";
import type { Namespace } from "./namespaces.ts";
import type { NatLab } from "./nat-lab.ts";

export interface FailingAdd {
  /** `nat`, `transparent` or `overlay`, and the network's name where the configuration has none. */
  readonly type: string;
  readonly container: Namespace;
  readonly config: object;
  readonly runtimeConfig?: object;
  /** Folders whose files a delegate keeps. */
  readonly folders?: readonly string[];
  /** What of all that is asked for shall fail, as a regular expression. Absent: each in turn. */
  readonly counted?: string;
  /** Default 50 000. */
  readonly timeoutMs?: number;
}

export function failuresRequest({ host, dataDir }: NatLab, one: FailingAdd): FailuresRequest {
  const { type, container, config, runtimeConfig, folders = [], counted } = one;
  const env = {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: "victim",
    CNI_NETNS: container.path,
    CNI_IFNAME: "eth0",
    CNI_PATH: "/usr/lib/cni",
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    VSWITCH_DATA_DIR: dataDir,
  };
  const whole = { cniVersion: "1.1.0", name: type, type, ...config, ...(runtimeConfig && { runtimeConfig }) };
  return { ns: host.ns, container, dataDir, env, config: whole, folders, ...(counted && { counted }) };
}

/** Each ADD, of which the last is the one in which nothing failed. */
export async function addsThatFail(lab: NatLab, one: FailingAdd): Promise<readonly Failure[]> {
  const { host } = lab;
  const request = JSON.stringify(failuresRequest(lab, one));
  const script = `${import.meta.dirname}/failures-child.ts`;
  const { timeoutMs = 50_000 } = one;
  const output = await host.run(host.ns, [process.execPath, script, request], { timeoutMs });
  expect(output.stderr).toBe("");
  return output.stdout.split("\n").map((line) => JSON.parse(line) as Failure);
}

/**
 * Expects that each failure leaves host, state and compartment as they were, and that the error says what the kernel
 * said; what cannot be read may be done without, or tried again.
 *
 * @returns how many there were, and what the last ADD, in which nothing failed, printed
 */
export async function failEverywhere(
  lab: NatLab,
  one: FailingAdd,
): Promise<{ readonly count: number; readonly result: string }> {
  const all = await addsThatFail(lab, one);
  const failures = all.filter(({ failed }) => failed !== undefined);
  for (const failure of failures) expect({ ...failure, stdout: "" }).toMatchObject({ left: "" });
  for (const { failed, stdout } of failures.filter(({ exitCode }) => exitCode !== 0)) {
    const { code, msg } = JSON.parse(stdout);
    expect({ failed, code, msg }).toMatchObject({ code: 105, msg: expect.stringContaining("ENOMEM") });
  }
  expect(all.at(-1)).toMatchObject({ exitCode: 0 });
  return { count: failures.length, result: all.at(-1)?.stdout ?? "" };
}
