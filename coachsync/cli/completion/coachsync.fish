# fish completion of coachsync
function __coachsync_complete
    set -l words (commandline -opc)
    set -lx _COACHSYNC_COMPLETE fish
    set -lx _COACHSYNC_LINE (commandline -cp | string collect)
    set -l answer ($words[1] 2>/dev/null)
    set -l typed (commandline -ct)
    if test "$answer[1]" = files
        if string match -q -- '--*=*' $typed
            set -l option (string replace -r '=.*' '=' -- $typed)
            for path in (__fish_complete_path (string replace -r '^[^=]*=' '' -- $typed))
                printf '%s%s\n' $option $path
            end
        else
            __fish_complete_path $typed
        end
    else
        printf '%s\n' $answer[2..-1]
    end
end
complete -c coachsync -f -k -a '(__coachsync_complete)'
