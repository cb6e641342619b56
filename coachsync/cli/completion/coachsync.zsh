#compdef coachsync
# zsh completion of coachsync
_coachsync() {
    local -a answer values told
    local line
    answer=("${(@f)$(_COACHSYNC_COMPLETE=zsh _COACHSYNC_LINE="${(j: :)words[1,CURRENT-1]} ${PREFIX}" ${(Q)words[1]} 2>/dev/null)}")
    if [[ "${answer[1]}" == files ]]; then
        compset -P '--*='
        _files
        return
    fi
    for line in "${(@)answer[2,-1]}"; do
        values+=("${line%%$'\t'*}")
        told+=("${line/$'\t'/  -- }")
    done
    local -a settings=(-V coachsync -l)
    [[ "${answer[1]}" == nospace ]] && settings+=(-S '')
    (( $#values )) && compadd $settings -d told -- "${values[@]}"
}
if [[ "${funcstack[1]}" == _coachsync ]]; then
    _coachsync "$@"
else
    compdef _coachsync coachsync
fi
