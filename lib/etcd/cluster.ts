/** The members of a cluster, tried in turn. */
import { EtcdError, type EtcdErrorKind } from "./error.ts";
import type { Call, Member } from "./member.ts";

export interface Cluster {
  /** The one that calls go to. */
  readonly current: Member;
  /** @throws {EtcdError} of the last member that was asked */
  call<T>(call: Call<T>): Promise<T>;
  /** The next one takes its place. */
  failed(member: Member, error: EtcdError): void;
}

/** Of these another member may know better. */
const ofTheMember: readonly EtcdErrorKind[] = ["unreachable", "timeout", "noLeader"];

/**
 * @param random from 0 up to 1: a thousand hosts with one configuration do not all begin with the same member
 * @param members one at least
 */
export function createCluster(
  members: readonly Member[],
  { random, log }: { readonly random: () => number; readonly log: (line: string) => void },
): Cluster {
  let index = Math.floor(random() * members.length);
  const current = (): Member => {
    const member = members[index];
    if (member === undefined) throw new RangeError(`no member ${index} of ${members.length}`);
    return member;
  };
  const failed = (member: Member, { message }: EtcdError): void => {
    member.forget();
    if (member !== current() || members.length === 1) return;
    index = (index + 1) % members.length;
    log(`etcd: ${message}; the next one is ${current().endpoint}`);
  };
  return {
    get current() {
      return current();
    },
    failed,
    async call(call) {
      for (let attempt = 1; ; attempt++) {
        const member = current();
        try {
          return await member.call(call);
        } catch (error) {
          if (!(error instanceof EtcdError) || !ofTheMember.includes(error.kind)) throw error;
          failed(member, error);
          if (error.outcome === "unknown" || attempt >= members.length) throw error;
        }
      }
    },
  };
}
