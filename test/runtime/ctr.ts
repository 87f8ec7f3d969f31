/** Containers of `ctr run --cni`, which attaches and detaches them itself. */
import { join } from "node:path";
import type { Namespace } from "../system/namespaces.ts";
import type { Containerd } from "./containerd.ts";
import { eventually } from "./eventually.ts";
import type { Lab } from "./lab.ts";
import { webServer } from "./rootfs.ts";

export interface CtrContainer {
  /** IPv4 address of its `eth0`. */
  readonly address: string;
  /** Runs a program of the container. @throws with its words when it fails */
  exec(...command: readonly string[]): Promise<string>;
  /** Kills the container and waits until `ctr` has detached and ended. */
  end(): Promise<void>;
}

/**
 * Starts a container and resolves when its web server answers. It stays in the lab until `end`.
 *
 * @param from who asks the web server: the host, unless that does not reach its containers
 */
export async function runWithCtr(
  lab: Lab,
  containerd: Containerd,
  name: string,
  from: Namespace = lab.host.ns,
): Promise<CtrContainer> {
  // Only in the foreground does ctr detach the container at its end.
  const cgroup = `${lab.sandbox.cgroup}/${name}`;
  const words = ["run", "--rm", "--cni", "--cgroup", cgroup, "--rootfs", lab.rootfs, name, ...webServer];
  const ended = containerd.ctr(...words).then(
    () => "exit 0",
    (error) => `${error}`,
  );
  const execs = { count: 0 };
  const exec: CtrContainer["exec"] = (program = "sh", ...more) => {
    execs.count += 1;
    return containerd.ctr(
      "task",
      "exec",
      "--exec-id",
      `x${execs.count}`,
      name,
      join("/bin", program),
      ...more,
    );
  };
  const address = await Promise.race([
    eventually(`the address of ${name}`, async () => {
      const text = await exec("ip", "-4", "-o", "address", "show", "eth0");
      return /inet ([\d.]+)\//.exec(text)?.[1];
    }),
    ended.then((why) => {
      throw new Error(`${name} ended early: ${why}`);
    }),
  ]);
  await lab.who(from, address);
  return {
    address,
    exec,
    end: async () => {
      await containerd.ctr("task", "kill", "--signal", "KILL", name);
      const why = await ended;
      if (!why.includes("exit 137")) throw new Error(`${name} did not end by the signal: ${why}`);
    },
  };
}
