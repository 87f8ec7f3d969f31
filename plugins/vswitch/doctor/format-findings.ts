/** Findings for people. Pure. */
import { plural } from "../format.ts";
import { type Finding, type Severity, severities } from "./finding.ts";

const width = Math.max(...severities.map((severity) => severity.length)) + 2;

/** The worst first, each with its remedy; then what is well, one line each. */
export function formatFindings(findings: readonly Finding[]): string {
  const bad = findings.filter(({ severity }) => severity !== "ok");
  const good = findings.filter(({ severity }) => severity === "ok");
  return [
    summary(findings),
    ...bad.flatMap((finding) => ["", ...formatFinding(finding)]),
    "",
    ...good.map(({ title, id }) => `${"ok".padEnd(width)}${title} [${id}]`),
  ].join("\n");
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Severity): number => findings.filter((one) => one.severity === severity).length;
  const [errors, warnings, notes] = [count("error"), count("warning"), count("note")];
  if (errors + warnings === 0) {
    return notes === 0 ? "This host is well." : `This host is well; ${plural(notes, "thing")} to know.`;
  }
  const words = [plural(errors, "error"), plural(warnings, "warning"), plural(notes, "note")];
  return `${words.filter((word) => !word.startsWith("0 ")).join(", ")}:`;
}

function formatFinding({
  severity,
  title,
  id,
  seen = [],
  remedy,
  commands = [],
}: Finding): readonly string[] {
  const margin = " ".repeat(width);
  return [
    `${severity.padEnd(width)}${title} [${id}]`,
    ...seen.map((line) => `${margin}${line}`),
    ...(remedy === undefined ? [] : wrapped(`remedy: ${remedy}`, margin)),
    ...commands.map((command) => `${margin}  ${command}`),
  ];
}

const lineLength = 100;

function wrapped(text: string, margin: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= lineLength)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${margin}${word}`);
  }
  return lines;
}
