# bash completion of coachsync; bash 4.4 or later
_coachsync_completion() {
    local -a answer=()
    mapfile -t answer < <(
        _COACHSYNC_COMPLETE=bash _COACHSYNC_LINE="${COMP_LINE:0:COMP_POINT}" _COACHSYNC_BREAKS="$COMP_WORDBREAKS" \
            _COACHSYNC_TYPE="$COMP_TYPE" "${1/#\~/$HOME}" 2>/dev/null
    )
    COMPREPLY=("${answer[@]:1}")
    case "${answer[0]-}" in
        files) compopt -o default -o filenames 2>/dev/null ;;
        nospace) compopt -o nospace 2>/dev/null ;;
    esac
}
complete -o nosort -F _coachsync_completion coachsync
