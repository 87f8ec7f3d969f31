/** What `vswitch graph` does: a scene of this host or of a file, as a picture, to a file or the terminal. */
import { hostname } from "node:os";
import type { Scene } from "../../../lib/model/scene.ts";
import { sceneOf } from "../scene-of.ts";
import { type Terminal, UsageError } from "../terminal.ts";
import { writeFile } from "../write-file.ts";
import { type GraphFormat, loadFormat } from "./formats.ts";
import { graphOf, onlyNetworks } from "./graph-of.ts";

export interface GraphOptions {
  /** Empty: all. */
  readonly networks: readonly string[];
  readonly format: GraphFormat;
  readonly json: boolean;
  readonly output: string | undefined;
  readonly title: boolean;
  readonly scene: string | undefined;
  readonly "data-dir": string;
}

/** @throws {UsageError} for a network that is not there. @throws {CniError} 5 for files, 6 for a damaged scene */
export async function graph(options: GraphOptions, terminal: Terminal): Promise<void> {
  const scene = chosen(await sceneOf(options, terminal), options.networks);
  const format = await loadFormat[options.json ? "json" : options.format]();
  const text = format(graphOf(scene), options.title ? titleNow() : undefined);
  if (options.output === undefined) terminal.print(text.trimEnd());
  else writeFile(options.output, text);
}

function chosen(scene: Scene, networks: readonly string[]): Scene {
  if (networks.length === 0) return scene;
  const there = scene.networks.map(({ name }) => name);
  const unknown = networks.filter((name) => !there.includes(name));
  if (unknown.length === 0) return onlyNetworks(scene, networks);
  const choices = there.length === 0 ? "there are none" : `there are ${there.join(", ")}`;
  throw new UsageError(`no network is called ${unknown.join(" or ")}; ${choices}`);
}

const titleNow = (): string => `${hostname()}, ${new Date().toISOString().replace(/\.\d+Z$/, "Z")}`;
