/** What the agent says: once what happened, and once what goes on. */
import { shortOwner } from "../format.ts";
import { formatRepair } from "../repair/format-repair.ts";
import type { RepairReport } from "../repair/repair.ts";
import type { Terminal } from "../terminal.ts";

export interface Journal {
  say(text: string): void;
  warn(text: string): void;
  /** @param pauseS seconds for which an endpoint is left alone that somebody changes again and again */
  report(report: RepairReport, pauseS?: number): void;
}

/** @param json one object per line */
export function journal(json: boolean, { print, complain }: Terminal): Journal {
  const said = new Map<string, string>();
  const line = (what: object): string => JSON.stringify({ at: new Date().toISOString(), ...what });
  return {
    say: (text) => print(json ? line({ text }) : text),
    warn: (text) => complain(json ? line({ warning: text }) : `warning: ${text}`),
    report: (report, pauseS) => {
      const { key, verdict } = report;
      if (verdict === "as planned" || verdict === "not checked") return void said.delete(key);
      const text = formatRepair(report);
      // What could not be mended is told again only when it is something else.
      if (verdict !== "mended" && said.get(key) === text) return;
      said.set(key, text);
      print(json ? line(report) : text);
      if (pauseS === undefined) return;
      const quarrel = `${shortOwner(report)}: somebody changes it again and again, it is left alone for ${pauseS} s`;
      print(json ? line({ key, text: quarrel }) : quarrel);
    },
  };
}
