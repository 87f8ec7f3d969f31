/** Reads golden files: a line with the command, then the messages it is about, each as type, flags and payload. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Reply } from "../../../lib/netlink/message.ts";

/** @returns messages by command, without the word "nft" */
export function readGolden(file: "requests.txt" | "replies.txt"): ReadonlyMap<string, readonly Reply[]> {
  const text = readFileSync(join(import.meta.dirname, file), "utf8");
  return new Map(
    text.split(/^# nft /m).flatMap((block) => {
      const [command = "", ...lines] = block.trim().split("\n");
      return command === "" ? [] : [[command.slice(1, -1), lines.map(parseMessage)] as const];
    }),
  );
}

function parseMessage(line: string): Reply {
  const [type = "", flags = "", payload = ""] = line.split(" ");
  return {
    type: Number.parseInt(type, 16),
    flags: Number.parseInt(flags, 16),
    payload: Uint8Array.from(Buffer.from(payload, "hex")),
  };
}
