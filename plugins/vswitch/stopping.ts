/** Commands that go on until they are told to end. */

export interface Stopping {
  /** Whether SIGINT or SIGTERM came. */
  asked(): boolean;
  /** From now on they end the process again. */
  end(): void;
}

/** @param wake is called when one comes */
export function stopping(wake: () => void = () => {}): Stopping {
  let asked = false;
  const stop = (): void => {
    asked = true;
    wake();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return { asked: () => asked, end: () => void process.off("SIGINT", stop).off("SIGTERM", stop) };
}
