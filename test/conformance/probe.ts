/** Asks a target for its versions before anything else. */
import { createHost } from "../system/host.ts";
import { featuresOf } from "./features.ts";
import { isObject } from "./json.ts";
import { allVersions, type Subject, type Target, type Version } from "./target.ts";

/** Calls VERSION once. A target that does not answer is judged with the versions up to 1.0.0. */
export async function probe(target: Target): Promise<Subject> {
  await using host = await createHost({ uplink: false });
  const outcome = await host.plugin(target.plugin, { verb: "VERSION", stdin: { cniVersion: "1.0.0" } });
  const listed = supportedIn(outcome.stdout);
  const versions = allVersions.filter((version) => listed?.includes(version) ?? version !== "1.1.0");
  const versionTrouble =
    listed === undefined
      ? `VERSION gave no list of versions: exit ${outcome.exitCode}, stdout ${JSON.stringify(outcome.stdout.slice(0, 200))}`
      : undefined;
  const named = switchOf(target);
  return { ...named, versions, versionTrouble, has: featuresOf(named, versions) };
}

function switchOf(target: Target): Target {
  const name = target.switch ?? target.config.bridge;
  return typeof name === "string" ? { ...target, switch: name } : target;
}

function supportedIn(stdout: string): readonly string[] | undefined {
  try {
    const answer: unknown = JSON.parse(stdout);
    if (!isObject(answer) || !Array.isArray(answer.supportedVersions)) return undefined;
    return answer.supportedVersions.filter((version) => typeof version === "string");
  } catch {
    return undefined;
  }
}

/** The newest version the target speaks. */
export function newestOf(versions: readonly Version[]): Version {
  return versions.at(-1) ?? "1.0.0";
}
