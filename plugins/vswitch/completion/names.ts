/** What may stand where the cursor is: commands, options, their choices, and names of this host. Pure. */
import type { CommandWords } from "./command-words.ts";

/** What can be named. */
export interface Names {
  readonly networks: readonly string[];
  readonly endpoints: readonly {
    readonly network: string;
    readonly containerId: string;
    readonly ifname: string;
    /** Absent when the plan is lost, and where it has none. */
    readonly port?: string;
  }[];
  /** Of `vswitch run --keep`. */
  readonly runs: readonly string[];
}

type Kind = "endpoint" | "network" | "run";

/** Behind these options. */
const ofOption: Readonly<Record<string, readonly Kind[]>> = {
  "--from": ["endpoint"],
  "--to": ["endpoint"],
  "--container": ["endpoint"],
  "--network": ["network"],
  "--net": ["network"],
  "--remove": ["run"],
};
/** As these words of a command. */
const ofPositional: Readonly<Record<string, readonly Kind[]>> = {
  target: ["endpoint", "network"],
  endpoint: ["endpoint", "network"],
  network: ["network"],
};
/** Of every command. */
const common = ["--help", "--version"];

/**
 * @param line the words behind the tool's own name, the one at the cursor last
 * @returns none where the shell knows better: files, a command behind --
 */
export function wordsAt(
  line: readonly string[],
  commands: readonly CommandWords[],
  names: Names,
): readonly string[] {
  const current = line.at(-1) ?? "";
  const all = candidates(line, commands, names);
  return [...new Set(all)].filter((word) => word.startsWith(current));
}

function candidates(
  line: readonly string[],
  commands: readonly CommandWords[],
  names: Names,
): readonly string[] {
  const current = line.at(-1) ?? "";
  if (line.slice(0, -1).includes("--")) return [];
  if (line.length <= 1) return [...commands.map(({ name }) => name), ...(current === "" ? [] : common)];
  const command = commands.find(({ name }) => name === line[0]);
  if (command === undefined) return [];
  const { options, positionals } = command;
  const previous = options.find(({ name }) => name === line.at(-2));
  if (previous?.takesValue) return valuesOf(previous.choices, ofOption[previous.name], current, names);
  if (current.startsWith("-")) return [...options.map(({ name }) => name), ...common];
  const before = line.slice(1, -1).filter((word, i, all) => {
    const behind = options.find(({ name }) => name === all[i - 1]);
    return !word.startsWith("-") && !behind?.takesValue;
  });
  // The last may be many.
  const positional = positionals[Math.min(before.length, positionals.length - 1)];
  if (positional === undefined) return [];
  return valuesOf(positional.choices, ofPositional[positional.name], current, names);
}

function valuesOf(
  choices: readonly string[],
  kinds: readonly Kind[] | undefined,
  current: string,
  names: Names,
): readonly string[] {
  return [...choices, ...(kinds ?? []).flatMap((kind) => namesOf(kind, current, names))];
}

/** The shortest that tells them apart; the longer forms and ports where the text begins so. */
function namesOf(kind: Kind, current: string, { networks, endpoints, runs }: Names): readonly string[] {
  if (kind === "network") return networks;
  if (kind === "run") return runs;
  const ports = endpoints.flatMap(({ port }) => port ?? []);
  if (current.startsWith("vp-")) return ports;
  const owner = ({ network, containerId, ifname }: Names["endpoints"][number]): string =>
    `${network}/${containerId}/${ifname}`;
  if (current.includes("/")) return endpoints.map(owner);
  const ids = endpoints.map(({ containerId }) => containerId);
  // A tap that is a port may have any name.
  const taps = current === "" ? [] : ports.filter((port) => !port.startsWith("vp-"));
  const short = endpoints.map((one) =>
    ids.filter((id) => id === one.containerId).length > 1 ? owner(one) : one.containerId,
  );
  return [...short, ...taps];
}
