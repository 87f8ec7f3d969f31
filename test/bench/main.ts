/** `npm run bench`: our executables and Debian's reference plugins, side by side. `npm run bench -- --help` */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { namespaceLauncher, whyNoNamespaces } from "../system/namespaces.ts";
import { names } from "./families.ts";
import { formatReport } from "./format-report.ts";
import { measureAll } from "./measure.ts";
import { referenceBin } from "./networks.ts";
import { helpText, type Options, parseOptions } from "./options.ts";
import { isComplete, reportJson } from "./report.ts";

const root = join(import.meta.dirname, "../..");
/** `VSWITCH_BIN_DIR` names another build. */
const executables = process.env.VSWITCH_BIN_DIR ?? join(root, "dist/bin");

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, names);
  if (typeof options === "string") return refuse(`${options}\n\n${helpText(names)}`);
  if (options.help) {
    process.stdout.write(`${helpText(names)}\n`);
    return 0;
  }
  const needed = [join(executables, "nat"), join(referenceBin, "bridge"), join(referenceBin, "portmap")];
  const missing = needed.filter((file) => !existsSync(file));
  if (missing.length > 0) return refuse(`bench: not there: ${missing.join(", ")}`);
  const reason = whyNoNamespaces();
  return reason === undefined ? run(options) : insideOwnNamespaces(reason);
}

async function run(options: Options): Promise<number> {
  const json = options.json ?? join(root, "dist/bench.json");
  mkdirSync(dirname(json), { recursive: true });
  const report = await measureAll(options, executables);
  process.stdout.write(`${formatReport(report, options.profile)}\n`);
  writeFileSync(json, `${JSON.stringify(reportJson(report), null, 2)}\n`);
  return isComplete(report) ? 0 : 1;
}

/** An ordinary user may be root of namespaces of his own. */
function insideOwnNamespaces(reason: string): number {
  const [program, ...words] = namespaceLauncher() ?? [];
  if (program === undefined) return refuse(`bench: ${reason}`);
  const again = spawnSync(program, [...words, process.execPath, ...process.argv.slice(1)], {
    stdio: "inherit",
  });
  return again.status ?? 1;
}

function refuse(text: string): number {
  process.stderr.write(`${text}\n`);
  return 2;
}
