/** Who we are to one member: a token for a name and a password. */
import type { EtcdAccess } from "../directory/config.ts";
import { readText } from "../os/file.ts";
import { type Exchanged, failed } from "./exchange.ts";
import { GarbageError, type Json, stringOf } from "./wire/read.ts";

export interface Login {
  /** A token, by a login when there is none yet; undefined where the cluster asks for none. */
  token(signal: AbortSignal): Promise<Exchanged<string | undefined>>;
  /** The member does not know this one any more: they end after minutes without use, and with each change of users. */
  forget(token?: string): void;
  /** What no message may hold. */
  secrets(): readonly string[];
}

type Post = <T>(body: Json, decode: (answer: Json) => T, signal: AbortSignal) => Promise<Exchanged<T>>;

/** @param post to /v3/auth/authenticate */
export function createLogin({ user }: Pick<EtcdAccess, "user">, post: Post): Login {
  if (user === undefined)
    return { token: async () => ({ value: undefined }), forget: () => {}, secrets: () => [] };
  const secrets = new Set<string>();
  let current: string | undefined;
  let pending: Promise<Exchanged<string | undefined>> | undefined;
  const logIn = async (signal: AbortSignal): Promise<Exchanged<string | undefined>> => {
    const password = readPassword(user.passwordFile);
    if (password.failure !== undefined) return password;
    // In the words of a body too, which a server may send back.
    for (const secret of [password.value, JSON.stringify(password.value).slice(1, -1)]) secrets.add(secret);
    const answer = await post({ name: user.name, password: password.value }, tokenOf, signal);
    if (answer.failure !== undefined) {
      const { why } = answer.failure;
      return why.includes("authentication is not enabled") ? { value: undefined } : answer;
    }
    current = answer.value;
    secrets.add(current);
    return answer;
  };
  return {
    async token(signal) {
      if (current !== undefined) return { value: current };
      pending ??= logIn(signal).finally(() => {
        pending = undefined;
      });
      return await pending;
    },
    forget(token) {
      if (token === undefined || current === token) current = undefined;
    },
    secrets: () => [...secrets].filter((secret) => secret !== ""),
  };
}

function readPassword(path: string): Exchanged<string> {
  try {
    return { value: readText(path).replace(/\r?\n$/, "") };
  } catch (error) {
    return failed({ kind: "refused", why: `the password: ${(error as Error).message}`, outcome: "none" });
  }
}

/** It goes into a header as it is. @throws {GarbageError} */
function tokenOf(answer: Json): string {
  const token = stringOf(answer.token, "the token");
  // The value is not shown: it may be one after all.
  if (!/^[\x21-\x7e]+$/.test(token)) throw new GarbageError("the token", "of characters that no token has");
  return token;
}
