/** podman with its CNI back end inside a sandbox. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandOptions } from "../system/command.ts";
import type { Sandbox } from "./sandbox.ts";
import type { RuntimeTarget } from "./target.ts";

export interface PodmanRun {
  readonly name: string;
  /** Image name, loaded before. */
  readonly image: string;
  /** Values of `--publish`, such as `8080:80/udp`. */
  readonly publish?: readonly string[];
  /** More words for `podman run`, before the image. */
  readonly options?: readonly string[];
}

export interface Podman {
  /** Runs podman with the words given and gives its standard output. @throws with its words */
  podman(...words: readonly string[]): Promise<string>;
  /** Starts a container of the target's network in the background. */
  run(run: PodmanRun): Promise<void>;
  /** Runs a program of a container. @throws with its words when it fails */
  exec(container: string, ...command: readonly string[]): Promise<string>;
  /** The container's IPv4 address in the target's network, as podman tells it. */
  address(container: string): Promise<string>;
  /** `podman rm -f` without waiting for the container to end by itself. */
  remove(...containers: readonly string[]): Promise<void>;
}

const containersConf = `[network]
network_backend = "cni"
cni_plugin_dirs = ["/opt/cni/bin"]
network_config_dir = "/etc/cni/net.d"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"

[containers]
log_driver = "k8s-file"
`;

// A small machine's own limits are lower than what podman asks for by default.
const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"];

/** Sets podman up in a sandbox. Nothing runs until a container does. */
export function podmanIn(sandbox: Sandbox, target: RuntimeTarget): Podman {
  const conf = join(sandbox.folder, "containers.conf");
  writeFileSync(conf, containersConf);
  const options: CommandOptions = { env: { CONTAINERS_CONF: conf, HOME: sandbox.folder } };
  const podman: Podman["podman"] = (...words) => sandbox.exec(["podman", ...words], options);
  const placed = ["--network", target.networkName, "--cgroup-parent", sandbox.cgroup, ...limits];
  return {
    podman,
    run: async ({ name, image, publish = [], options: more = [] }) => {
      const ports = publish.flatMap((port) => ["--publish", port]);
      await podman("run", "--detach", "--name", name, ...placed, ...ports, ...more, image);
    },
    exec: (container, ...command) => podman("exec", container, ...command),
    address: async (container) => {
      const format = `{{(index .NetworkSettings.Networks "${target.networkName}").IPAddress}}`;
      return (await podman("inspect", "--format", format, container)).trim();
    },
    remove: async (...containers) => {
      await podman("rm", "--force", "--time", "0", ...containers);
    },
  };
}

/** Runs a container, and removes it whatever comes of the test. */
export async function withContainer(
  podman: Podman,
  run: PodmanRun,
  test: () => Promise<void>,
): Promise<void> {
  try {
    await podman.run(run);
    await test();
  } finally {
    await podman.remove(run.name);
  }
}
