/** The command line of the suite. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isObject, type JsonObject, listOf } from "./json.ts";
import { type Feature, featureMeaning, type Target } from "./target.ts";

export interface Options {
  readonly target: Target;
  readonly json: string | undefined;
  readonly only: readonly string[];
  readonly atOnce: number;
  readonly help: boolean;
}

const placeholder = ["$", "{DATA}"].join("");

export const helpText = `Judges a CNI plugin by what it does.

  --plugin FILE       the executable
  --conf FILE         its configuration: a plugin object, or a list whose first plugin is taken
  --cni-path DIRS     folders with delegates, separated by ":" (default: the plugin's folder)
  --env NAME=VALUE    more environment for each call (may be repeated)
  --feature NAME      the plugin has this feature; --feature no-NAME: it has not (may be repeated)
  --switch NAME       the host interface all containers of network net1 share (default: the key "bridge")
  --accept-code N     an error code that is right wherever certain codes are asked for (may be repeated)
  --only T24,T53      only these scenarios
  --at-once N         scenarios run together (default 3)
  --kills N           kills at random moments per scenario (default 10); --seed N repeats a run
  --json FILE         also write the scorecard as JSON

${placeholder} in the configuration or the environment stands for a fresh state folder of each scenario.
host-local without a dataDir gets one. Features:
${Object.entries(featureMeaning)
  .map(([name, meaning]) => `  ${name.padEnd(12)} ${meaning}`)
  .join("\n")}

Exit code: 0 when nothing failed, 1 when something did, 2 when nothing could be tried.`;

/** The options, or what is wrong with the command line. */
export function parseOptions(words: readonly string[]): Options | string {
  try {
    return optionsOf(words);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function optionsOf(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      plugin: { type: "string" },
      conf: { type: "string" },
      "cni-path": { type: "string" },
      switch: { type: "string" },
      env: { type: "string", multiple: true, default: [] },
      feature: { type: "string", multiple: true, default: [] },
      "accept-code": { type: "string", multiple: true, default: [] },
      only: { type: "string", default: "" },
      "at-once": { type: "string", default: "3" },
      kills: { type: "string", default: "10" },
      seed: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (!values.help && (values.plugin === undefined || values.conf === undefined)) {
    throw new Error("--plugin and --conf are needed");
  }
  const plugin = resolve(values.plugin ?? "");
  const config = values.help ? {} : configIn(values.conf ?? "");
  if (!existsSync(plugin)) throw new Error(`${plugin} does not exist`);
  const target: Target = {
    name: typeof config.type === "string" ? config.type : plugin,
    plugin,
    config,
    cniPath: values["cni-path"]?.split(":").map((folder) => resolve(folder)) ?? [dirname(plugin)],
    env: Object.fromEntries(
      values.env.map((pair) => [pair.split("=", 1)[0], pair.slice(pair.indexOf("=") + 1)]),
    ),
    features: Object.fromEntries(values.feature.map(featureIn)),
    acceptCodes: values["accept-code"].map(naturalIn),
    kills: naturalIn(values.kills),
    ...(values.switch === undefined ? {} : { switch: values.switch }),
    ...(values.seed === undefined ? {} : { seed: naturalIn(values.seed) }),
  };
  return {
    target,
    json: values.json,
    only: values.only.split(",").filter((id) => id !== ""),
    atOnce: Math.max(1, naturalIn(values["at-once"])),
    help: values.help,
  };
}

function naturalIn(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${text} is no natural number`);
  return Number(text);
}

function featureIn(word: string): [Feature, boolean] {
  const name = word.replace(/^no-/, "");
  if (!(name in featureMeaning)) throw new Error(`there is no feature ${name}`);
  return [name as Feature, name === word];
}

/** The plugin's entry in a file. */
function configIn(file: string): JsonObject {
  const whole: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (!isObject(whole)) throw new Error(`${file} holds no JSON object`);
  const { name: _name, cniVersion: _version, ...entry } = listOf(whole, "plugins")[0] ?? whole;
  const { ipam } = entry as JsonObject;
  const needsFolder = isObject(ipam) && ipam.type === "host-local" && ipam.dataDir === undefined;
  return needsFolder ? { ...entry, ipam: { ...ipam, dataDir: placeholder } } : entry;
}
