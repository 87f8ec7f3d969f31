/** What a shell needs to ask us. Pure. */

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The first word of a call that asks; the words of the line follow. */
export const askingWord = "--get-yargs-completions";

/** By the program's own word, so that it need not be in the PATH. */
const scripts: Readonly<Record<Shell, string>> = {
  bash: `# vswitch for bash. For one shell: source <(vswitch completion bash)
# For all: vswitch completion bash > /etc/bash_completion.d/vswitch
_vswitch() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" ${askingWord} "\${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null))
}
complete -o bashdefault -o default -F _vswitch vswitch`,
  zsh: `#compdef vswitch
# vswitch for zsh. For one shell: source <(vswitch completion zsh)
# For all: vswitch completion zsh > /usr/local/share/zsh/site-functions/_vswitch
_vswitch() {
  local -a reply
  reply=(\${(f)"$("\${words[1]}" ${askingWord} "\${(@)words[1,CURRENT]}" 2>/dev/null)"})
  if (( \${#reply} )); then compadd -- $reply; else _default; fi
}
if [[ "\${zsh_eval_context[-1]}" == loadautofunc ]]; then _vswitch "$@"; else compdef _vswitch vswitch; fi`,
  fish: `# vswitch for fish: vswitch completion fish > ~/.config/fish/completions/vswitch.fish
complete -c vswitch -a '((commandline -opc)[1] ${askingWord} (commandline -opc) (commandline -ct) 2>/dev/null)'`,
};

export const completionScript = (shell: Shell): string => scripts[shell];

/** @param variable SHELL of the environment. @returns bash where that says nothing */
export function shellOf(variable: string | undefined): Shell {
  const name = variable?.slice(variable.lastIndexOf("/") + 1);
  return shells.find((shell) => shell === name) ?? "bash";
}
