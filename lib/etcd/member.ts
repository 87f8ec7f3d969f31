/** One member of the cluster: calls with a token, a time limit and errors that say all. */
import { redact } from "../cni/secret.ts";
import type { EtcdAccess } from "../directory/config.ts";
import { EtcdError } from "./error.ts";
import { type Exchanged, exchange, failed, failureOfHttp, within } from "./exchange.ts";
import { createHttpClient, type HttpOptions, type Post } from "./http/client.ts";
import type { Receiver } from "./http/connection.ts";
import { HttpFailure } from "./http/failure.ts";
import { createLogin } from "./login.ts";
import { readTls } from "./tls.ts";
import { type Json, oneLine } from "./wire/read.ts";
import type { Body } from "./wire/requests.ts";
import type { Failure } from "./wire/status.ts";

export interface Call<T> {
  /** Below /v3. */
  readonly path: string;
  readonly body: Body;
  /** For errors: "read KEY". */
  readonly doing: string;
  /** `local`: answered by the member alone, whether it has a cluster or not. */
  readonly kind: "read" | "write" | "local";
  /** @throws {GarbageError} */
  readonly decode: (answer: Json) => T;
}

export interface Member {
  /** As it stands in the configuration. */
  readonly endpoint: string;
  /** @throws {EtcdError} */
  call<T>(call: Call<T>): Promise<T>;
  /** Until `signal` ends it. @throws {EtcdError} when there is no connection */
  stream(call: Omit<Call<never>, "decode" | "kind">, receiver: Receiver, signal: AbortSignal): Promise<void>;
  error(failure: Failure, doing: string, kind?: Call<never>["kind"]): EtcdError;
  /** After a failure: connections and token belong to what it was. */
  forget(): void;
}

export interface MemberOptions extends Pick<HttpOptions, "within" | "keepAliveS" | "origin"> {
  readonly endpoint: string;
  readonly access: Pick<EtcdAccess, "tls" | "user">;
  readonly timeoutMs: number;
  /** Ends all calls. */
  readonly closing: AbortSignal;
}

/** A connection stands after one round trip, or after a second when a packet was lost (RFC 6298: 1 s). */
const longestConnectMs = 2500;
const maxAnswerBytes = 64 * 1024 * 1024;

export function createMember(options: MemberOptions): Member {
  const { endpoint, access, timeoutMs, closing } = options;
  const http = createHttpClient({
    ...options,
    tls: () => readTls(access.tls),
    connectMs: Math.min(longestConnectMs, timeoutMs / 2),
    maxBytes: maxAnswerBytes,
  });
  const login = createLogin(access, (body, decode, signal) =>
    exchange(http, postOf({ path: "/auth/authenticate", body, kind: "read" }), decode, signal),
  );
  const late = new HttpFailure("timeout", `no answer in ${timeoutMs} ms`);
  const error: Member["error"] = (failure, doing, kind = "read") => {
    const { why, compactRevision } = failure;
    const outcome = kind === "write" ? failure.outcome : "none";
    const told = oneLine(redact(why, login.secrets()));
    return new EtcdError({
      ...{ kind: failure.kind, endpoint, doing, outcome, why: told },
      ...(compactRevision !== undefined && { compactRevision }),
    });
  };
  /** With a token; once more with a new one when the member no longer knows it, since then it has done nothing. */
  const withToken = async <T>(
    signal: AbortSignal,
    ask: (token: string | undefined) => Promise<Exchanged<T>>,
  ): Promise<Exchanged<T>> => {
    for (let attempt = 1; ; attempt++) {
      const token = await login.token(signal);
      // What a login leaves open changes nothing.
      if (token.failure !== undefined) return failed({ ...token.failure, outcome: "none" });
      const answer = await ask(token.value);
      if (answer.failure?.staleToken !== true || token.value === undefined || attempt === 2) return answer;
      login.forget(token.value);
    }
  };
  return {
    endpoint,
    error,
    async call(call) {
      const answer = await within(timeoutMs, late, closing, (signal) =>
        withToken(signal, (token) => exchange(http, postOf(call, token), call.decode, signal)),
      );
      if (answer.failure !== undefined) throw error(answer.failure, call.doing, call.kind);
      return answer.value;
    },
    async stream(call, receiver, signal) {
      const token = await within(timeoutMs, late, signal, (limited) => login.token(limited));
      if (token.failure !== undefined) throw error(token.failure, call.doing);
      try {
        await http.stream(postOf({ ...call, kind: "read" }, token.value), receiver, signal);
      } catch (failure) {
        if (!(failure instanceof HttpFailure)) throw failure;
        throw error(failureOfHttp(failure), call.doing);
      }
    },
    forget() {
      http.forget();
      login.forget();
    },
  };
}

/** Without the header a member that has lost its cluster keeps a watch, silently, and other calls until they time out. */
function postOf({ path, body, kind }: Pick<Call<never>, "path" | "body" | "kind">, token?: string): Post {
  const headers = {
    ...(kind !== "local" && { "Grpc-Metadata-Hasleader": "true" }),
    ...(token !== undefined && { Authorization: token }),
  };
  return { path: `/v3${path}`, headers, body: JSON.stringify(body) };
}
