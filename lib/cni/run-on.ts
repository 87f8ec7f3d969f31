/** A call of a plugin that waits for something outside of its process. */
import { type Log, type Outcome, type RunInput, run } from "./run.ts";

/**
 * Calls the verb again for as long as there is a remedy for its failure: who provides it gives up in time. What follows a
 * success is done, and only said where it fails.
 */
export async function runOn(input: RunInput, first: Outcome): Promise<Outcome> {
  const lines: string[] = [];
  const log: Log = {
    warn: (text) => lines.push(`${input.about.type}: ${text}\n`),
    pass: (text) => lines.push(text),
  };
  let outcome = first;
  while (outcome.remedy !== undefined) {
    try {
      await outcome.remedy(log);
    } catch (error) {
      outcome = failed(input, error);
      break;
    }
    outcome = run(input);
  }
  try {
    await outcome.followUp?.(log);
  } catch (error) {
    log.warn(error instanceof Error ? error.message : String(error));
  }
  return { ...outcome, stderr: `${lines.join("")}${outcome.stderr}` };
}

/** As if the verb itself had failed so. */
function failed(input: RunInput, error: unknown): Outcome {
  const add = (): never => {
    throw error;
  };
  const { remedy: _, ...verbs } = input.verbs;
  return run({ ...input, verbs: { ...verbs, add } });
}
