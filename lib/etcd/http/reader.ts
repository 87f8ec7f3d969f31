/** Reads one HTTP/1.1 response as its bytes come, however they are cut (RFC 9112, sections 6 and 7). */
import { decodeHead, type ResponseHead } from "./head.ts";

export interface ReaderEvents {
  head(head: ResponseHead): void;
  /** A part of the body. It is read at once or copied: the bytes are the runtime's. */
  data(bytes: Uint8Array): void;
  /** All has come; `rest` bytes too many. */
  end(rest: number): void;
}

export interface ResponseReader {
  /** @throws {SyntaxError} when it is no HTTP */
  feed(bytes: Uint8Array): void;
  /** The connection has ended. @returns whether that is the end of the response */
  finish(): boolean;
}

const maxHeadBytes = 64 * 1024;
const maxLineBytes = 4096;
const CR = 0x0d;
const LF = 0x0a;

type State =
  | { readonly at: "head" | "chunkSize" | "chunkEnd" | "trailer" | "done" }
  | { readonly at: "body"; readonly left: number; readonly after: "done" | "chunkEnd" }
  | { readonly at: "untilClose" };

export function createReader(events: ReaderEvents): ResponseReader {
  let state: State = { at: "head" };
  let held: Uint8Array = new Uint8Array(0);

  /** Up to the end of a line, which is taken off; undefined while it has not come. */
  const line = (): string | undefined => {
    const end = held.indexOf(LF);
    if (end < 0) {
      if (held.length > maxLineBytes) throw new SyntaxError("a line of the framing is too long");
      return undefined;
    }
    const found = text(held.subarray(0, held[end - 1] === CR ? end - 1 : end));
    held = held.subarray(end + 1);
    return found;
  };
  const done = (): State => ({ at: "done" });
  const afterHead = (head: ResponseHead): State => {
    // 100 and 103 come before the response proper.
    if (head.status < 200 && head.status !== 101) return { at: "head" };
    events.head(head);
    if (head.framing === "chunked") return { at: "chunkSize" };
    if (head.framing === "close") return { at: "untilClose" };
    return head.framing === 0 ? done() : { at: "body", left: head.framing, after: "done" };
  };
  const readHead = (): State | undefined => {
    const end = indexOfHeadEnd(held);
    if (end < 0) {
      if (held.length > maxHeadBytes) throw new SyntaxError("no end of the head");
      // What does not begin so never becomes one: it need not be waited for.
      if (!"HTTP/1.".startsWith(text(held.subarray(0, 7)))) throw new SyntaxError("it does not speak HTTP");
      return undefined;
    }
    const head = decodeHead(text(held.subarray(0, end)));
    if (head === undefined) throw new SyntaxError("no head of an HTTP response");
    held = held.subarray(end + 4);
    return afterHead(head);
  };
  const readBody = (left: number, after: "done" | "chunkEnd"): State | undefined => {
    const part = held.subarray(0, left);
    if (part.length === 0) return undefined;
    held = held.subarray(part.length);
    events.data(part);
    return part.length < left ? { at: "body", left: left - part.length, after } : { at: after };
  };
  const readChunkSize = (): State | undefined => {
    const size = line();
    if (size === undefined) return undefined;
    const [, digits] = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(size) ?? [];
    if (digits === undefined) throw new SyntaxError("no size of a chunk");
    const left = Number.parseInt(digits, 16);
    return left === 0 ? { at: "trailer" } : { at: "body", left, after: "chunkEnd" };
  };
  const readChunkEnd = (): State | undefined => {
    const end = line();
    if (end !== undefined && end !== "") throw new SyntaxError("a chunk longer than its size");
    return end === undefined ? undefined : { at: "chunkSize" };
  };
  const readTrailer = (): State | undefined => {
    const field = line();
    if (field === undefined) return undefined;
    return field === "" ? done() : { at: "trailer" };
  };
  const step = (): State | undefined => {
    switch (state.at) {
      case "head":
        return readHead();
      case "body":
        return readBody(state.left, state.after);
      case "untilClose":
        return readBody(Number.POSITIVE_INFINITY, "done");
      case "chunkSize":
        return readChunkSize();
      case "chunkEnd":
        return readChunkEnd();
      case "trailer":
        return readTrailer();
      case "done":
        return undefined;
    }
  };
  return {
    feed(bytes) {
      held = held.length === 0 ? bytes : joined(held, bytes);
      while (held.length > 0) {
        const next = step();
        if (next === undefined) break;
        state = state.at === "untilClose" ? state : next;
        if (state.at === "done") {
          events.end(held.length);
          return;
        }
      }
      // What is left is short, and the runtime's.
      held = held.slice();
    },
    finish() {
      if (state.at !== "untilClose") return false;
      state = done();
      events.end(0);
      return true;
    },
  };
}

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

function indexOfHeadEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at;
  }
  return -1;
}
