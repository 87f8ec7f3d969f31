/** One connection to an HTTP server: one exchange after the other. */
import { closeFile } from "../../os/file.ts";
import { isQuiet } from "../../os/tcp.ts";
import { HttpFailure } from "./failure.ts";
import type { ResponseHead } from "./head.ts";
import { createReader, type ResponseReader } from "./reader.ts";

/** What becomes of an exchange: `head`, any `data`, then `end` or, at any moment, `failed`. Nothing after that. */
export interface Receiver {
  head(head: ResponseHead): void;
  /** The bytes are the runtime's: they are read at once or copied. */
  data(bytes: Uint8Array): void;
  end(): void;
  failed(failure: HttpFailure): void;
}

export interface Connection {
  /** Whether it can take another exchange. */
  readonly usable: boolean;
  exchange(request: Uint8Array, receiver: Receiver): void;
  close(failure: HttpFailure): void;
}

/** Of PEM. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

interface Running {
  readonly request: Uint8Array;
  readonly receiver: Receiver;
  readonly reader: ResponseReader;
  written: number;
}

type Socket = Bun.Socket<undefined>;

/**
 * Takes a connected socket over.
 *
 * @param tls what both sides prove who they are with; the server's certificate must be for `host`
 * @throws {HttpFailure}, also when `signal` ends it before the handshake is over
 */
export function openConnection(
  fd: number,
  { tls, host, signal }: { readonly tls?: TlsFiles; readonly host: string; readonly signal: AbortSignal },
): Promise<Connection> {
  const ready = Promise.withResolvers<Connection>();
  const state: { running: Running | undefined; usable: boolean; dead: HttpFailure | undefined } = {
    running: undefined,
    usable: true,
    dead: undefined,
  };
  let socket: Socket | undefined;

  const fail = (failure: HttpFailure): void => {
    if (state.dead !== undefined) return;
    state.usable = false;
    state.dead = failure;
    ready.reject(failure);
    const { running } = state;
    state.running = undefined;
    running?.receiver.failed(
      running.written > 0 ? new HttpFailure(failure.kind, failure.message, true) : failure,
    );
    // After all else: what it calls finds nothing running.
    socket?.terminate();
  };
  const broken = (why: string): void => fail(new HttpFailure("broken", why));

  const pump = (): void => {
    const { running } = state;
    if (running === undefined || socket === undefined) return;
    const { request } = running;
    while (running.written < request.length) {
      const left = request.length - running.written;
      const count = socket.write(request, running.written, left);
      if (count < 0) broken("the connection is closed");
      else running.written += count;
      // The rest follows when there is room: `drain`.
      if (count < left) return;
    }
  };
  const ended = (): void => {
    if (state.running?.reader.finish() === true) return;
    broken("the server closed the connection");
  };
  const connection: Connection = {
    get usable() {
      // Its end may have come already without our having been told: a write on it would be one of unknown outcome.
      return state.usable && state.running === undefined && isQuiet(fd);
    },
    exchange(request, receiver) {
      if (state.dead !== undefined) {
        receiver.failed(state.dead);
        return;
      }
      // What the receiver does may end the exchange while the rest of the bytes is still being read.
      const going = () => state.running === running;
      const reader = createReader({
        head: (head) => {
          state.usable = head.keepsAlive;
          receiver.head(head);
        },
        data: (bytes) => {
          if (going()) receiver.data(bytes);
        },
        end: (rest) => {
          if (!going()) return;
          state.running = undefined;
          state.usable &&= rest === 0 && running.written === request.length;
          receiver.end();
          if (!state.usable) connection.close(new HttpFailure("closed", "it serves no longer"));
        },
      });
      const running: Running = { request, receiver, reader, written: 0 };
      state.running = running;
      pump();
    },
    close: fail,
  };
  const secured = (good: boolean, error: Error | null | undefined): void => {
    if (good && error == null) ready.resolve(connection);
    else broken(`TLS: ${error?.message.trim() || "the handshake failed"}`);
  };
  const handlers: Bun.SocketHandler<undefined> = {
    open: (opened) => {
      socket = opened;
      if (tls === undefined) ready.resolve(connection);
    },
    handshake: (_, good, error) => secured(good, error),
    data: (_, bytes) => {
      const { running } = state;
      if (running === undefined) return broken("the server spoke unasked");
      try {
        running.reader.feed(bytes);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        broken(`what answers is no HTTP server: ${error.message}`);
      }
    },
    drain: pump,
    end: ended,
    close: ended,
    error: (_, error) => broken(error.message),
    connectError: (_, error) => broken(error.message),
  };
  const abort = () => fail(signal.reason);
  signal.addEventListener("abort", abort);
  void ready.promise.catch(() => {}).then(() => signal.removeEventListener("abort", abort));
  adopt(fd, handlers, tls && { ...tls, serverName: host, rejectUnauthorized: true }, broken);
  return ready.promise;
}

/** From here on the runtime closes it, unless it does not even begin: with a key that is none, or not of the certificate. */
function adopt(
  fd: number,
  socket: Bun.SocketHandler<undefined>,
  tls: Bun.TLSOptions | undefined,
  broken: (why: string) => void,
): void {
  const options: Bun.FdSocketOptions = { fd, socket, ...(tls && { tls }) };
  try {
    // Its types leave out what it takes in place of a host.
    const opening = Bun.connect(options as unknown as Bun.TCPSocketConnectOptions);
    opening.catch((error: Error) => broken(error.message));
  } catch (error) {
    closeFile(fd);
    broken(`TLS: ${(error as Error).message}`);
  }
}
