/** The scene of a test's host, as the operator's tool reads it. */
import { closeSync, openSync } from "node:fs";
import { inCompartment } from "../../lib/linux/netns.ts";
import type { Scene } from "../../lib/model/scene.ts";
import { openHost, readScene } from "../../plugins/vswitch/host.ts";
import type { NatLab } from "../system/nat-lab.ts";

export async function sceneOf({ host, dataDir }: NatLab): Promise<Scene> {
  const opened = await openHost({
    dataDir,
    warn: (text) => {
      throw new Error(text);
    },
  });
  const { path } = host.ns;
  const fd = openSync(path, "r");
  try {
    // Its sockets are opened where they are used first.
    return inCompartment({ fd, path }, () => readScene(opened));
  } finally {
    closeSync(fd);
    opened.close();
  }
}
