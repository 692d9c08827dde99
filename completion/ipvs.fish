# Completion of ipvs for fish: ~/.config/fish/completions/ipvs.fish. `ipvs completion fish` prints it.

function __ipvs_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answers ($words[1] --complete $words[2..-1] "$current" </dev/null 2>/dev/null)
    if test "$answers" = :files
        __fish_complete_path "$current"
    else
        printf '%s\n' $answers
    end
end

complete -c ipvs -f -a '(__ipvs_complete)'
