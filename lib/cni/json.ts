/** Bytes of stdin or of a delegate to a JSON object, with bounds. */
import { CniError, errorCode } from "./error.ts";
import { describeValue, isObject, type JsonObject } from "./read.ts";

/** Largest configuration that is read. */
export const maxInputBytes = 16 * 1024 * 1024;
/** Deepest nesting that is read; real configurations stay below 20. */
const maxDepth = 128;

/**
 * @param what names the input in messages: "stdin", "the result of host-local"
 * @throws {CniError} 5 when it is too large, 6 when it is not UTF-8 text
 */
export function decodeText(input: string | Uint8Array, what: string): string {
  if (input.length > maxInputBytes) {
    throw new CniError(errorCode.ioFailure, `${what} holds more than ${maxInputBytes} bytes`, {
      reason: "input-too-large",
    });
  }
  if (typeof input === "string") return input;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(input);
  } catch {
    throw decodeError(what, "is not UTF-8 text");
  }
}

/**
 * One JSON object and nothing else.
 *
 * The parser's own message is not passed on: it quotes the input, which may hold secrets.
 *
 * @throws {CniError} 6
 */
export function parseJsonObject(text: string, what: string): JsonObject {
  if (text.trim() === "") throw decodeError(what, "is empty, a JSON object was expected");
  if (text.startsWith("\ufeff"))
    throw decodeError(what, "starts with a byte order mark, which JSON does not allow");
  if (isDeep(text)) throw decodeError(what, `is nested deeper than ${maxDepth} levels`);
  const value = parse(text, what);
  if (isObject(value)) return value;
  throw decodeError(
    what,
    `must be a JSON object, not ${Array.isArray(value) ? "a list" : describeKind(value)}`,
  );
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw decodeError(what, `is not valid JSON (${text.length} characters)`);
  }
}

const describeKind = (value: unknown): string =>
  typeof value === "string" ? "a string" : describeValue(value);

/** Text with few brackets cannot be deep; finding them is the engine's work, walking through all of the text is ours. */
const isDeep = (text: string): boolean =>
  countUpTo(maxDepth, text, "{") + countUpTo(maxDepth, text, "[") > maxDepth && !isShallow(text);

function countUpTo(limit: number, text: string, bracket: string): number {
  let count = 0;
  for (let at = text.indexOf(bracket); at >= 0 && count <= limit; at = text.indexOf(bracket, at + 1)) count++;
  return count;
}

/** Whether brackets outside of strings never nest too deep; the parser is not asked, it may overflow the stack. */
function isShallow(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > maxDepth) return false;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return true;
}

const decodeError = (what: string, problem: string): CniError =>
  new CniError(errorCode.decodeFailure, `${what} ${problem}`, { reason: "decode-failed" });
