/** Golden messages: what `ip` and `conntrack` sent and what the kernel answered, as words of hexadecimal bytes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeMessages, type Message, type Reply } from "../../../lib/netlink/message.ts";

export interface Golden {
  readonly request: Message;
  readonly replies: readonly Reply[];
}

/** Messages of a file below test/golden by the command above them. */
export function golden(file: string): (command: string) => Golden {
  const text = readFileSync(join(import.meta.dirname, "../../golden", file), "utf8");
  const entries = new Map(text.split(/^# /m).slice(1).map(parseEntry));
  return (command) => {
    const found = entries.get(command);
    if (found === undefined) throw new Error(`${file} has no "${command}"`);
    return found;
  };
}

function parseEntry(entry: string): [string, Golden] {
  const [command = "", ...lines] = entry.split("\n");
  const [request, ...replies] = lines.join("\n").split(/[<>]/).slice(1).map(parseMessage);
  if (request === undefined) throw new Error(`no request under "${command}"`);
  return [command, { request, replies }];
}

function parseMessage(words: string): Message {
  const [message] = decodeMessages(Uint8Array.from(Buffer.from(words.replaceAll(/\s/g, ""), "hex")));
  if (message === undefined) throw new Error(`no message in ${words}`);
  return message;
}

/**
 * The bytes in lines of four, so that a difference can be read. NLA_F_NESTED is left out: we mark nested attributes
 * with it and `ip` does not, and the kernel does not care.
 */
export function formatPayload(payload: Uint8Array, headerLength: number): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < payload.length; at += 4) {
    const word = Uint8Array.from(payload.subarray(at, at + 4));
    const attrHeader = at >= headerLength && word[3] === 0x80;
    if (attrHeader) word[3] = 0;
    lines.push(Buffer.from(word).toString("hex"));
  }
  return lines;
}
