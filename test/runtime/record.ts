/**
 * Writes `test/fixtures/runtime/*.json`: what podman, ctr and CRI give to CNI executables (the reference ones).
 * By hand, as root: `bun test/runtime/record.ts`. Tests of our parsers read the files.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pauseImage, startContainerd } from "./containerd.ts";
import { connectCri } from "./cri.ts";
import { runWithCtr } from "./ctr.ts";
import { type Lab, startLab } from "./lab.ts";
import { podmanIn } from "./podman.ts";
import { type RecordedCall, readRecords, withoutChance } from "./recorded-call.ts";
import { type RuntimeTarget, referenceTarget } from "./target.ts";

/** One action of the runtime and the calls it led to. */
interface RecordedAction {
  readonly action: string;
  readonly calls: readonly RecordedCall[];
}

type Act = (action: string, run: () => Promise<unknown>) => Promise<void>;

const capabilities = [
  "portMappings",
  "ips",
  "mac",
  "aliases",
  "dns",
  "bandwidth",
  "io.kubernetes.cri.pod-annotations",
];
const target: RuntimeTarget = {
  ...referenceTarget,
  conflist: {
    ...referenceTarget.conflist,
    plugins: referenceTarget.conflist.plugins.map((plugin) => ({
      ...plugin,
      capabilities: Object.fromEntries(capabilities.map((capability) => [capability, true])),
    })),
  },
};

async function record(name: string, scenario: (lab: Lab, act: Act) => Promise<string>): Promise<void> {
  await using lab = await startLab(target, true);
  const actions: RecordedAction[] = [];
  const act: Act = async (action, run) => {
    const known = readRecords(lab.sandbox.records).length;
    await run();
    actions.push({ action, calls: readRecords(lab.sandbox.records).slice(known) });
  };
  const runtime = await scenario(lab, act);
  const file = join(import.meta.dirname, "../fixtures/runtime", `${name}.json`);
  mkdirSync(join(file, ".."), { recursive: true });
  const recorded = { runtime, network: target.conflist, actions };
  writeFileSync(file, `${JSON.stringify(withoutChance(recorded), null, 2)}\n`);
}

await record("podman", async (lab, act) => {
  const podman = podmanIn(lab.sandbox, target);
  const image = "localhost/vswitch/web:1";
  await podman.podman("load", "--input", lab.image(image));
  const publish = ["8081:8080", "192.0.2.1:8053:53/udp", "9000-9002:9000-9002/sctp"];
  const options = ["--ip", "10.77.0.99", "--mac-address", "02:00:00:00:00:99", "--network-alias", "web"];
  await act("run with ports, address, MAC and alias", () =>
    podman.run({ name: "a", image, publish, options }),
  );
  await act("rm --force", () => podman.remove("a"));
  await act("run", () => podman.run({ name: "b", image }));
  await act("rm --force", () => podman.remove("b"));
  return podman.podman("--version").then((text) => text.trim());
});

await record("ctr", async (lab, act) => {
  const containerd = await startContainerd(lab.sandbox);
  const running: { end: () => Promise<void> } = { end: async () => {} };
  await act("run --cni", async () => {
    running.end = (await runWithCtr(lab, containerd, "a")).end;
  });
  await act("end of the container", () => running.end());
  return `ctr of ${(await containerd.ctr("version")).match(/Version: +(\S+)/)?.[1]}`;
});

await record("cri", async (lab, act) => {
  const containerd = await startContainerd(lab.sandbox);
  await containerd.ctr("--namespace", "k8s.io", "images", "import", lab.image(pauseImage));
  using cri = connectCri(containerd.socket);
  const pods: string[] = [];
  const run = (name: string, full: boolean) => async () => {
    const ports = full
      ? ([
          { containerPort: 8080, hostPort: 8082 },
          { protocol: "UDP", containerPort: 53, hostPort: 8053, hostIp: "192.0.2.1" },
          { protocol: "SCTP", containerPort: 9000, hostPort: 9000 },
        ] as const)
      : [];
    const bandwidth = { "kubernetes.io/ingress-bandwidth": "10M", "kubernetes.io/egress-bandwidth": "20M" };
    const annotations = full ? { ...bandwidth, "example.org/note": "yes" } : {};
    pods.push(await cri.runPod({ name, ports, annotations, cgroupParent: lab.sandbox.cgroup }));
  };
  const last = () => pods.at(-1) ?? "";
  await act("Status", () => cri.networkTrouble());
  await act("RunPodSandbox with ports, bandwidth and an annotation", run("a", true));
  await act("StopPodSandbox", () => cri.stopPod(last()));
  await act("StopPodSandbox once more", () => cri.stopPod(last()));
  await act("RemovePodSandbox", () => cri.removePod(last()));
  await act("RunPodSandbox", run("b", false));
  await act("StopPodSandbox after the namespace was removed by hand", async () => {
    const { netns } = await cri.podStatus(last());
    await lab.sandbox.exec(["sh", "-c", 'umount "$1" && rm "$1"', "sh", netns]);
    await cri.stopPod(last());
  });
  await act("RemovePodSandbox", () => cri.removePod(last()));
  return await cri.version();
});
