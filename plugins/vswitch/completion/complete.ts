/** Answers a shell that asks what may stand at the cursor: from the state file alone, so that it is quick. */
import { isStacked } from "../../../lib/model/switch.ts";
import { openState } from "../host.ts";
import { listRecords } from "../run/record.ts";
import type { CommandWords } from "./command-words.ts";
import { type Names, wordsAt } from "./names.ts";

/**
 * @param words the whole line, the tool itself first, the word at the cursor last
 * @param dataDir folder of the state, unless the line names another
 */
export function complete(
  words: readonly string[],
  dataDir: string,
  commands: readonly CommandWords[],
): readonly string[] {
  const line = words.slice(1);
  const at = line.indexOf("--data-dir");
  const folder = at >= 0 && at < line.length - 2 ? (line[at + 1] ?? dataDir) : dataDir;
  return wordsAt(line, commands, readNames(folder));
}

/** What cannot be read cannot be completed, and nothing is said of it: a person is typing. */
function readNames(dataDir: string): Names {
  const runs = listRecords().map(({ id }) => id);
  try {
    const { store, close } = openState({ dataDir, warn: () => {} });
    try {
      const endpoints = store.endpoints.list().map(({ network, containerId, ifname, plan }) => ({
        network,
        containerId,
        ifname,
        ...(plan === null || isStacked(plan.switch) ? {} : { port: plan.port.name }),
      }));
      return { networks: store.networks.list().map(({ name }) => name), endpoints, runs };
    } finally {
      close();
    }
  } catch {
    return { networks: [], endpoints: [], runs };
  }
}
