/** One test of a rule: what it asks, in conditions and in words. */
import type { Alternatives } from "./field-conditions.ts";
import type { Known } from "./value.ts";

/** What a test says for sure of every packet that passes it; nft leaves it unsaid where a later test implies it. */
type Fact = "family" | "protocol";

export interface Match {
  /** In nft's words. */
  readonly text: string;
  readonly alternatives: Alternatives;
  readonly learned?: Pick<Known, "family" | "protocol">;
  /** The words of this test imply such an earlier one. */
  readonly implies?: readonly Fact[];
}

/** A test that the model has no words for. */
export function unknownMatch(text: string, implies: Match["implies"] = []): Match {
  return { text, alternatives: [[{ kind: "unknown", text }]], implies };
}

/** The words of all tests, without those that nft would leave out. */
export function formatMatches(matches: readonly Match[]): readonly string[] {
  const shown = matches.filter(({ learned }, i) => {
    const fact: Fact | undefined =
      learned?.family === undefined ? (learned?.protocol === undefined ? undefined : "protocol") : "family";
    return fact === undefined || !matches.slice(i + 1).some((later) => later.implies?.includes(fact));
  });
  return shown.map(({ text }) => text).filter((text) => text !== "");
}

/** All of them must hold. */
export function joinMatches(matches: readonly Match[]): Match {
  const facts = Object.assign({}, ...matches.map(({ learned }) => learned));
  return {
    text: matches.map(({ text }) => text).join(" "),
    alternatives: combine(matches.map(({ alternatives }) => alternatives)),
    ...(Object.keys(facts).length > 0 && { learned: facts }),
    implies: matches.flatMap(({ implies }) => implies ?? []),
  };
}

/** Every way to choose one alternative of each. */
export function combine(all: readonly Alternatives[]): Alternatives {
  return all.reduce<Alternatives>(
    (before, next) => before.flatMap((list) => next.map((more) => [...list, ...more])),
    [[]],
  );
}
