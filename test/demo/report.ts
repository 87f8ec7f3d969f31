/** What the demo prints: scenes, and claims that are checked. Colours on a terminal only (https://no-color.org). */

/** What is seen must be what is expected. */
export interface Claim {
  /** Who does what: "ADD web", "app -> beyond". */
  readonly subject: string;
  /** With what: addresses and ports. */
  readonly detail?: string;
  /** Duration of a call. */
  readonly ms?: number;
  readonly expected: string;
  readonly seen: string;
  /** Shown in place of `seen` when the claim holds. */
  readonly shown?: string;
}

export interface Report {
  title(text: string): void;
  /** @param note what is going on, behind the name */
  scene(name: string, note?: string): void;
  /** A line in the columns of claims, without one. */
  line(subject: string, detail: string, rest?: string): void;
  /** Text of several lines. */
  block(text: string): void;
  /** @returns whether it holds */
  claim(claim: Claim): boolean;
  /** What ended the demo before its time. */
  broken(error: unknown): void;
  /** @param ms of the whole demo */
  end(ms: number): void;
  readonly failures: number;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const margin = "      ";
const subjectWidth = 26;
const detailWidth = 34;
const timeWidth = 8;

export function createReport(output: Output): Report {
  const { bold, dim, red, green } = paints(output);
  const print = (text: string) => void output.write(`${text.trimEnd()}\n`);
  const hanging = (text: string) => text.replaceAll("\n", `\n${margin}          `);
  let claims = 0;
  let failures = 0;
  return {
    title: (text) => print(bold(text)),
    scene: (name, note = "") => print(`\n${bold(name)}  ${dim(note)}`),
    line: (subject, detail, rest = "") =>
      print(
        margin + subject.padEnd(subjectWidth) + (rest === "" ? detail : detail.padEnd(detailWidth) + rest),
      ),
    block: (text) => print(text.replace(/^(?=.)/gm, margin)),
    claim({ subject, detail = "", ms, expected, seen, shown = seen }) {
      claims++;
      const holds = seen === expected;
      const time = ms === undefined ? "" : `${ms.toFixed(1).padStart(timeWidth - 3)} ms`;
      const middle = [time, detail].filter(Boolean).join("  ").padEnd(detailWidth);
      const rest = holds ? shown : "";
      print(`${holds ? green("  ok") : red("FAIL")}  ${subject.padEnd(subjectWidth)}${dim(middle)}${rest}`);
      if (holds) return true;
      failures++;
      print(`${margin}${red("expected")}  ${hanging(expected)}`);
      print(`${margin}${red("seen")}      ${hanging(seen)}`);
      return false;
    },
    broken(error) {
      failures++;
      print(`\n${red("The demo cannot go on:")} ${error instanceof Error ? error.message : String(error)}`);
    },
    end(ms) {
      const inAll = `in ${(ms / 1000).toFixed(1)} s`;
      print("");
      if (failures === 0) print(green(`All ${claims} checks passed ${inAll}.`));
      else print(red(`${failures} of ${claims} checks failed ${inAll}.`));
    },
    get failures() {
      return failures;
    },
  };
}

function paints({ isTTY }: Output) {
  const coloured = isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const paint = (code: number) => (text: string) =>
    coloured && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32) };
}
