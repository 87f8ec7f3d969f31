/** Runs all checks. */
import type { Check } from "./check.ts";
import { checks as allChecks } from "./checks.ts";
import { type Complaint, type Finding, severities, warning } from "./finding.ts";
import type { Patient } from "./patient.ts";

/**
 * A check that finds nothing says what is well; one that fails is a finding itself, and the others
 * go on. What needs a part that could not be looked at is left out.
 */
export async function diagnose(
  patient: Patient,
  checks: readonly Check[] = allChecks,
): Promise<readonly Finding[]> {
  const able = checks.filter(({ needs }) => !needs.some((part) => patient.unseen.includes(part)));
  const found = await Promise.all(able.map((check) => carryOut(check, patient)));
  return found.flat();
}

export function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

async function carryOut(check: Check, patient: Patient): Promise<readonly Finding[]> {
  const complaints = await attempt(check, patient);
  const all: readonly Complaint[] =
    complaints.length > 0 ? complaints : [{ severity: "ok", title: check.fine }];
  return all.map((complaint) => ({ id: check.id, ...complaint }));
}

async function attempt({ id, find }: Check, patient: Patient): Promise<readonly Complaint[]> {
  try {
    return await find(patient);
  } catch (cause) {
    return [couldNotCheck(id, cause)];
  }
}

/** @param what was to be looked at */
export function couldNotCheck(what: string, cause: unknown): Complaint {
  const [message, details] =
    cause instanceof Error ? [cause.message, detailsOf(cause)] : [String(cause), undefined];
  return warning(`${what} could not be checked`, {
    seen: [message],
    remedy: details ?? "run vswitch doctor as root, in the network namespace of the host",
  });
}

const detailsOf = (error: Error): string | undefined =>
  "details" in error && typeof error.details === "string" ? error.details : undefined;
