/** Claims about packets: who reaches whom, and as whom. */
import type { Report } from "../report.ts";
import { ask, type Target } from "../talk.ts";
import type { Machine } from "../world.ts";

export interface Question extends Pick<Target, "protocol" | "port"> {
  readonly subject: string;
  readonly from: Machine;
  /** Name of the machine whose server answers; "nobody" where the port must be closed. */
  readonly to: string;
  /** Where it is asked, one after the other, and whom the server sees then. */
  readonly at: readonly { readonly address: string; readonly sees?: string }[];
}

export async function claimAnswers(report: Report, question: Question): Promise<void> {
  const { subject, from, to, protocol, port, at } = question;
  const answers: string[] = [];
  for (const { address } of at) answers.push(await ask(from, { protocol, address, port }));
  const expected = at.map(({ sees }) => (to === "nobody" ? "refused" : `${to} sees ${sees}`));
  const joined = (all: readonly string[]) => all.join(", ").replaceAll(`, ${to} sees `, ", ");
  const detail = `${at.map(({ address }) => address).join(", ")}  ${protocol} ${port}`;
  report.claim({ subject, detail, expected: joined(expected), seen: joined(answers) });
}
