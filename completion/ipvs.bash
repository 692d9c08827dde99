# Completion of ipvs for bash 4.3 or later, with the package bash-completion or without. `ipvs completion bash` prints it.

_ipvs() {
  local line=${COMP_LINE:0:COMP_POINT} word raw=() i
  # Readline takes : and = for ends of words, too: what no blank parts is one word. After the cursor is none.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $i == 0 || $line == [[:space:]]* ]]; then
      line=${line#"${line%%[![:space:]]*}"}
      raw+=('')
    fi
    [[ $line == "$word"* ]] || word=$line
    raw[-1]+=$word
    line=${line#"$word"}
  done

  COMPREPLY=()
  if [[ ${COMP_WORDS[COMP_CWORD]} == *[\<\>] || ${COMP_WORDS[COMP_CWORD - 1]} == *[\<\>] ]]; then
    compopt -o default
    return
  fi

  local quotes=$'[\\\\\'"]' head candidate
  local words=("${raw[@]//$quotes/}")
  # What readline replaces is $2, the end of the word: of the candidates it gets no more than that.
  head=${raw[-1]%"$2"}
  head=${head//$quotes/}
  while IFS=$'\t' read -r candidate _; do
    if [[ $candidate == :files ]]; then
      compopt -o default
    elif [[ $candidate == "${words[-1]}"* ]]; then
      COMPREPLY+=("${candidate#"$head"}")
    fi
  done < <("$1" --complete "${words[@]:1}" </dev/null 2>/dev/null)
}

complete -F _ipvs ipvs
