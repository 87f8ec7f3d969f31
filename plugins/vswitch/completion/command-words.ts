/** What the commands can be called with, learnt from their own definitions. */
import type { Argv } from "yargs";

export interface Word {
  /** `--json`; of a positional its name. */
  readonly name: string;
  readonly choices: readonly string[];
  /** Whether a value follows. */
  readonly takesValue: boolean;
}

export interface CommandWords {
  readonly name: string;
  readonly options: readonly Word[];
  readonly positionals: readonly Word[];
}

/**
 * Calls the definitions with something that only takes notes: yargs' own completion parses the command line of the
 * process again, whatever it was given.
 *
 * @param define adds all commands
 */
export function commandWords(define: (cli: Argv) => unknown): readonly CommandWords[] {
  const found: CommandWords[] = [];
  const outer = recorder((method, [module]) => {
    if (method !== "command") return;
    const { command = "", builder } = module as Definition;
    const [name = ""] = `${command}`.split(" ");
    found.push({ name, ...wordsOf(builder) });
  });
  define(outer);
  return found;
}

interface Definition {
  readonly command?: string | readonly string[];
  readonly builder?: unknown;
}

/** As much as is looked at of what `option` and `positional` are given. */
interface Settings {
  readonly type?: string;
  readonly choices?: readonly unknown[];
}

function wordsOf(builder: unknown): Omit<CommandWords, "name"> {
  const options: Word[] = [];
  const positionals: Word[] = [];
  const inner = recorder((method, [first, settings]) => {
    if (method === "positional") positionals.push(wordOf(`${first}`, settings as Settings));
    if (method === "option") options.push(wordOf(`--${first}`, settings as Settings));
    if (method === "options")
      for (const [name, each] of Object.entries(first as Readonly<Record<string, Settings>>))
        options.push(wordOf(`--${name}`, each));
  });
  if (typeof builder === "function") builder(inner);
  return { options, positionals };
}

const wordOf = (name: string, { type, choices = [] }: Settings = {}): Word => ({
  name,
  choices: choices.map(String),
  takesValue: type !== "boolean",
});

/** Stands for yargs: every method notes its words and gives the same again. */
function recorder(note: (method: string, words: readonly unknown[]) => void): Argv {
  const methods: ProxyHandler<object> = {
    get:
      (_, method) =>
      (...words: readonly unknown[]) => {
        note(String(method), words);
        return proxy;
      },
  };
  const proxy: object = new Proxy({}, methods);
  return proxy as Argv;
}
