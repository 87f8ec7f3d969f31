/** The scene that a command is about: this host's, or one in a file, of another machine or another time. */
import { readFileSync, statSync } from "node:fs";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { plannedScene } from "../../lib/model/planned-scene.ts";
import type { Scene } from "../../lib/model/scene.ts";
import { lastPlans, openState, readScene, sceneNetworks, withHost } from "./host.ts";
import type { Terminal } from "./terminal.ts";

/** @throws {CniError} 5 when a file cannot be read, 6 when it is no scene, and when the kernel cannot be asked */
export function sceneOf(
  { scene, "data-dir": dataDir }: { readonly scene: string | undefined; readonly "data-dir": string },
  terminal: Terminal,
): Scene | Promise<Scene> {
  if (scene !== undefined) return readSceneFile(scene);
  const warn = (text: string): void => terminal.complain(`vswitch: ${text}`);
  return withHost({ dataDir, warn }, readScene);
}

/**
 * The scene of another host.
 *
 * @param where a scene in a file, as the other host wrote it (`vswitch show --scene`); or a folder with its state, of which
 *   all is taken for as it was planned
 * @throws {CniError} 5, 6
 */
export function peerScene(where: string, terminal: Terminal): Scene {
  if (!(statSync(where, { throwIfNoEntry: false })?.isDirectory() ?? false)) return readSceneFile(where);
  const warn = (text: string): void => terminal.complain(`vswitch: ${where}: ${text}`);
  const state = openState({ dataDir: where, warn });
  try {
    return plannedScene(sceneNetworks(state), lastPlans(state));
  } finally {
    state.close();
  }
}

function readSceneFile(file: string): Scene {
  const text = read(file);
  try {
    const scene = JSON.parse(text);
    // What is no scene at all is told from one; the rest is trusted, since it is our own output.
    if (
      Array.isArray(scene?.networks) &&
      Array.isArray(scene.endpoints) &&
      Array.isArray(scene.host?.interfaces)
    )
      return scene;
  } catch {
    // The same answer as for other JSON.
  }
  throw new CniError(errorCode.decodeFailure, `${file} is no scene`, {
    reason: "scene-invalid",
    details:
      "a scene is JSON with networks, endpoints and host: vswitch show --scene and support-bundle write one",
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CniError(errorCode.ioFailure, `read scene ${file}: ${why}`, { reason: "file-failed", cause });
  }
}
