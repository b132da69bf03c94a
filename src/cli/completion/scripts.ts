/** What the shells are given to read. All they know is whom to ask: what may follow is decided in TypeScript. */

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof SHELLS)[number];

/** `command` asks the program, whatever alias or function has its name. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  // bash 3.2, as macOS has it, knows neither mapfile nor compopt: there a blank follows a folder.
  bash: `# Completion of vocabdb for bash. In ~/.bashrc:
#   source <(vocabdb completion bash)

_vocabdb() {
  local line
  COMPREPLY=()
  {
    IFS= read -r line
    case $line in
      files) compopt -o default 2>/dev/null ;;
      folders) compopt -o dirnames -o filenames 2>/dev/null ;;
      beginnings) compopt -o nospace 2>/dev/null ;;
    esac
    while IFS= read -r line; do
      COMPREPLY+=("$line")
    done
  } < <(command vocabdb __complete bash "$COMP_WORDBREAKS" "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}

complete -F _vocabdb vocabdb`,

  zsh: `#compdef vocabdb
# Completion of vocabdb for zsh. Into a file _vocabdb in a folder of $fpath, before compinit runs:
#   mkdir -p ~/.zfunc && vocabdb completion zsh > ~/.zfunc/_vocabdb
# and in ~/.zshrc:
#   fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit
# Or, after compinit in ~/.zshrc:
#   source <(vocabdb completion zsh)

_vocabdb() {
  local -a reply words_found shown
  local line tab=$'\\t'
  reply=("\${(@f)$(command vocabdb __complete zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  for line in "\${(@)reply[2,-1]}"; do
    words_found+=("\${line%%$tab*}")
    shown+=("\${line#*$tab}")
  done
  case $reply[1] in
    files | folders)
      compset -P 1 '--*='
      if [[ $reply[1] == files ]]; then _files; else _files -/; fi
      ;;
    beginnings) compadd -S '' -l -d shown -a words_found ;;
    words) compadd -l -d shown -a words_found ;;
  esac
}

if [[ $funcstack[1] == _vocabdb ]]; then
  _vocabdb "$@"
else
  compdef _vocabdb vocabdb
fi`,

  fish: `# Completion of vocabdb for fish:
#   vocabdb completion fish > ~/.config/fish/completions/vocabdb.fish

function __vocabdb_complete
    set -l token (commandline -ct)
    set -l words (commandline -opc)
    set -l reply (command vocabdb __complete fish $words[2..-1] "$token" 2>/dev/null)
    if not contains -- "$reply[1]" files folders
        printf '%s\\n' $reply[2..-1]
        return
    end
    # --option=path is completed behind the sign, and put in as a whole. A command without a name takes any file.
    set -l option (string match -r -- '^--[^=]*=' "$token")
    set -l paths (complete -C "'' "(string replace -r -- '^--[^=]*=' '' "$token"))
    if test $reply[1] = folders
        set paths (string match -- '*/' $paths)
    end
    for path in $paths
        echo "$option$path"
    end
end

complete --command vocabdb --no-files --arguments '(__vocabdb_complete)'`,
};
