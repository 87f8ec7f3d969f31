/** containerd with the CRI of its pods inside the sandbox of a lab, and what tests do to pods. */
import { type Containerd, pauseImage, startContainerd } from "./containerd.ts";
import { type Cri, connectCri } from "./cri.ts";
import type { Lab } from "./lab.ts";

export interface Pods extends Disposable {
  readonly containerd: Containerd;
  readonly cri: Cri;
  /** Runs a program of a pod. @throws with its words when it fails */
  exec(id: string, ...command: readonly string[]): Promise<string>;
  /** StopPodSandbox and RemovePodSandbox. */
  remove(id: string): Promise<void>;
}

export async function startPods(lab: Lab): Promise<Pods> {
  const containerd = await startContainerd(lab.sandbox);
  await containerd.ctr("--namespace", "k8s.io", "images", "import", lab.image(pauseImage));
  const cri = connectCri(containerd.socket);
  let execs = 0;
  return {
    containerd,
    cri,
    exec(id, program = "sh", ...words) {
      const at = ["--namespace", "k8s.io", "task", "exec", "--exec-id", `x${++execs}`, id];
      return containerd.ctr(...at, `/bin/${program}`, ...words);
    },
    async remove(id) {
      await cri.stopPod(id);
      await cri.removePod(id);
    },
    [Symbol.dispose]: () => cri[Symbol.dispose](),
  };
}
