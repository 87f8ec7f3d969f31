/** One row of the suite: a sentence about behaviour and the code that tries it. */
import type { Context } from "./context.ts";
import { type Feature, featureMeaning, type Subject, type Version } from "./target.ts";

export interface Scenario {
  /** Number in the table of scenarios; a letter tells parts of one number apart. */
  readonly id: string;
  /** What a right plugin does. */
  readonly title: string;
  /** True, or why it does not concern this target. */
  readonly applies: (subject: Subject) => true | string;
  /** Run once for each of these versions that the target speaks. Without it: once, with the newest. */
  readonly versions?: readonly Version[];
  /** Throws with what was seen when the behaviour is not there. */
  readonly run: (context: Context) => Promise<void>;
}

/** Thrown by a scenario: the words are what was seen. */
export class Seen extends Error {
  constructor(text: string) {
    super(text);
    this.name = "Seen";
  }
}

/** Thrown by a scenario that finds, only when it runs, that it does not concern the target: the words are why. */
export class NotConcerned extends Error {}

/** Ends a scenario as failed. @throws always */
export function fail(seen: string): never {
  throw new Seen(seen);
}

/** Ends a scenario as failed unless the condition holds. */
export function must(condition: boolean, seen: string): asserts condition {
  if (!condition) fail(seen);
}

/** For `applies`: the target must have all these features. */
export function needs(...features: readonly Feature[]): (subject: Subject) => true | string {
  return (subject) => {
    const missing = features.filter((feature) => !subject.has[feature]);
    return missing.length === 0
      ? true
      : `needs ${missing.map((feature) => `"${feature}": ${featureMeaning[feature]}`).join("; ")}`;
  };
}

/** For `applies`: all of these must hold; the first reason counts. */
export function every(...tests: readonly Scenario["applies"][]): Scenario["applies"] {
  return (subject) => tests.map((test) => test(subject)).find((answer) => answer !== true) ?? true;
}

/** For `applies`: concerns every plugin. */
export const always = (): true => true;
