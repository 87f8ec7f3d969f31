/** What `vswitch doctor` does. */
import { withHost } from "../host.ts";
import type { Session } from "../terminal.ts";
import type { ExamineOptions } from "./examine.ts";
import { findingsOf } from "./findings-of.ts";
import { formatFindings } from "./format-findings.ts";

export interface DoctorOptions extends ExamineOptions {
  readonly json: boolean;
}

/** Exit code 1 when there is an error or a warning. */
export async function doctor(options: DoctorOptions, session: Session): Promise<void> {
  const warnings: string[] = [];
  const findings = await withHost(
    { dataDir: options["data-dir"], warn: (text) => warnings.push(text) },
    (host) => findingsOf(host, options, warnings),
  );
  session.print(options.json ? JSON.stringify(findings, null, 2) : formatFindings(findings));
  const bad = findings.some(({ severity }) => severity === "error" || severity === "warning");
  if (bad) session.exitWith(1);
}
