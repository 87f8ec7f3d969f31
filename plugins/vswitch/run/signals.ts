/** Signals while something is attached: they reach the command, and never keep us from detaching. */
import { constants } from "node:os";

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
type Signal = (typeof forwarded)[number];
/** Those that say "end". */
const ending: readonly Signal[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
/** Those that a terminal sends to the whole foreground group, the command included. */
const ofTerminal: readonly Signal[] = ["SIGINT", "SIGQUIT"];

export interface Signals {
  /** The first that said "end" before there was a command. */
  readonly received: Signal | undefined;
  /** From now on they go there. */
  forwardTo(child: { kill(signal: number): void }): void;
  end(): void;
}

/** @param onTerminal whether standard input is one: then the command gets Ctrl-C by itself */
export function watchSignals(onTerminal: boolean): Signals {
  let received: Signal | undefined;
  let child: Parameters<Signals["forwardTo"]>[0] | undefined;
  const handlers = forwarded.map((signal) => {
    const handle = (): void => {
      if (child === undefined) received ??= ending.includes(signal) ? signal : undefined;
      else if (!(onTerminal && ofTerminal.includes(signal))) child.kill(signalNumber(signal));
    };
    process.on(signal, handle);
    return { signal, handle };
  });
  return {
    get received() {
      return received;
    },
    forwardTo: (target) => {
      child = target;
    },
    end: () => {
      for (const { signal, handle } of handlers) process.off(signal, handle);
    },
  };
}

const signalNumber = (signal: NodeJS.Signals): number => constants.signals[signal];

/** As shells tell of a command that a signal ended. @param signal by name, or by number where it has none */
export function signalExitCode(signal: NodeJS.Signals | number): number {
  return 128 + (typeof signal === "number" ? signal : signalNumber(signal));
}
