/** What of a call was a DHCP server's time, seen at its own end of the wire. */
import type { Host } from "../system/host.ts";

export interface ServerClock {
  /**
   * Milliseconds from questions to their answers, of all answers since the last lap. What was asked in vain counts
   * nothing: that is the asking one's time.
   *
   * @param answers so many come at least; they are waited for, as tcpdump tells them late
   */
  lap(answers: number): Promise<number>;
}

/** The kernel stamps the packets, so it does not matter when tcpdump gets to print them. */
export async function startServerClock({ start, outside }: Host): Promise<ServerClock> {
  const words = "-i eth0 -n -tt -l --immediate-mode udp port 67".split(" ");
  const child = start(outside, ["tcpdump", ...words]);
  await child.line((line) => line.startsWith("listening on"), "its start");
  const state = { from: child.lines.length };
  return {
    async lap(answers) {
      const taken = () => answerTimes(child.lines.slice(state.from));
      const enough = (line: string) => line === child.lines.at(-1) && taken().length >= answers;
      await child.line(enough, `${answers} answers of a DHCP server`, 2000);
      const all = taken();
      state.from = child.lines.length;
      return all.reduce((sum, one) => sum + one, 0);
    },
  };
}

function answerTimes(lines: readonly string[]): readonly number[] {
  const taken: number[] = [];
  let askedMs: number | undefined;
  for (const line of lines) {
    const [, seconds, what] = /^(\d+\.\d+) .* BOOTP\/DHCP, (Request|Reply)/.exec(line) ?? [];
    if (what === "Request") askedMs = Number(seconds) * 1000;
    if (what !== "Reply" || askedMs === undefined) continue;
    taken.push(Number(seconds) * 1000 - askedMs);
    askedMs = undefined;
  }
  return taken;
}
