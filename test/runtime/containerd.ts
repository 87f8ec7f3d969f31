/** containerd inside a sandbox, started and stopped by the test; its containers outlive a stop. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../system/child.ts";
import { eventually } from "./eventually.ts";
import type { Sandbox } from "./sandbox.ts";

export interface Containerd {
  /** The socket of containerd's services, CRI among them, as the test can open it. */
  readonly socket: string;
  /** Runs `ctr` with the words given and gives its standard output. @throws with its words */
  ctr(...words: readonly string[]): Promise<string>;
  /** Starts it again where the last one stopped. */
  start(): Promise<void>;
  /** Ends containerd alone; shims and containers go on. */
  stop(): Promise<void>;
}

/** The image containerd starts each pod with. */
export const pauseImage = "localhost/vswitch/pause:1";

const address = "/run/containerd/containerd.sock";

// The optional parts cost time at the start and need what a small machine has not.
const disabled = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
];

const config = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ${JSON.stringify(disabled)}

[grpc]
  address = "${address}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_tcp_service = true
  restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/opt/cni/bin"
  conf_dir = "/etc/cni/net.d"
`;

/** Starts containerd and resolves when it answers. It ends with the sandbox at the latest. */
export async function startContainerd(sandbox: Sandbox): Promise<Containerd> {
  const file = join(sandbox.folder, "containerd.toml");
  writeFileSync(file, config);
  const running: { daemon: Child | undefined } = { daemon: undefined };
  const ctr: Containerd["ctr"] = (...words) => sandbox.exec(["ctr", "--address", address, ...words]);
  const start = async () => {
    const daemon = sandbox.start(["containerd", "--config", file, "--log-level", "info"]);
    running.daemon = daemon;
    await daemon.line(
      (line) => line.includes("containerd successfully booted"),
      "start of containerd",
      20_000,
    );
    await eventually("an answer of containerd", () => ctr("version"));
  };
  const stop = async () => {
    await running.daemon?.stop();
    running.daemon = undefined;
  };
  await start();
  return { socket: sandbox.seen(address), ctr, start, stop };
}
