"""What each code means, what coachsync does meanwhile, and how it comes about: the texts of `explain CODE`.

The guide's troubleshooting tables say the same, word for word: a test holds them to it. Pure.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

CodeKind = Literal["error", "warning", "standing", "start"]
"""What a session's action ends with; what a run warns of and goes on; what only reading the ledger shows; what ends a
whole command with exit 3 or 4."""


class Reason(NamedTuple):
    """One way in which it comes about, and what to do then."""

    cause: str
    remedy: str


class Meaning(NamedTuple):
    """What a code says is wrong, what to do in most cases, what happens until that is done, and each case by itself."""

    wrong: str
    remedy: str
    meanwhile: str
    reasons: tuple[Reason, ...] = ()


_PERSON = "the other one is let in, the session counts as failed, and every run tries again until it ends"
_GUILD = "nothing is sent to that guild in this run, other guilds are served as ever, and the next run tries again"
_AGAIN = "the next run tries again"

ERRORS: dict[str, Meaning] = {
    "unknown_member": Meaning(
        "a participant is not in the guild",
        "invite them; the next run after they join lets them in",
        _PERSON,
        (
            Reason("they never joined", "send them an invite to the guild"),
            Reason("they left, or were kicked or banned", "invite them again; lift the ban in Server Settings → Bans"),
            Reason("the booking names their other account", "correct the Discord id in the booking"),
        ),
    ),
    "unknown_user": Meaning(
        "Discord knows no user of that id",
        "correct the Discord id in the booking",
        _PERSON,
        (
            Reason("the id was rounded by a program that took it for a number", "keep Discord ids as text"),
            Reason("it is a message's or a server's id", "right-click the person in Discord → Copy User ID"),
            Reason("the account was deleted", "ask the person which account they use now"),
        ),
    ),
    "unlinked": Meaning(
        "the booking has no Discord id for a participant",
        "link the account in the booking system",
        _PERSON,
        (
            Reason("they have not linked their account yet", "have them log in with Discord in the booking system"),
            Reason("nobody in the guild goes by the user name in the booking", "correct the name, or invite them"),
            Reason("the name is the one shown in chats", "write the user name: in Discord, click their picture"),
            Reason("several, or more than Discord shows, go by it", "write their Discord id into the booking"),
        ),
    ),
    "unknown_guild": Meaning(
        "the guild does not exist, or the bot is not in it",
        "invite the bot again, or correct `guild_id`; gone for good: `coachsync cleanup ID --abandon`",
        _GUILD,
        (
            Reason("the bot was kicked", "invite it again, with the permissions that `coachsync help install` lists"),
            Reason("`guild_id` is another id", "right-click the server's icon in Discord → Copy Server ID"),
            Reason("the token is another bot's", "`coachsync doctor` says which bot the token is of"),
            Reason("the guild was deleted", "`coachsync cleanup ID --abandon` ends what waits for it"),
        ),
    ),
    "unknown_session": Meaning(
        "no session goes by that id or short name",
        "`coachsync status --all` lists every session",
        "nothing is done for that name; other names in the same command are served",
        (
            Reason("a letter is wrong", "the error names what comes near"),
            Reason("the booking was removed from the store", "`coachsync explain ID` knows it while the ledger does"),
            Reason("the configuration names another store", "`coachsync doctor --offline` says which store is read"),
        ),
    ),
    "not_bookable": Meaning(
        "`setup ID` of a session whose status gets no room",
        "`coachsync sessions restore ID`, for a cancelled one; else with `--status`",
        "nothing was done",
    ),
    "ended": Meaning(
        "`setup ID` of a session that is over",
        "`coachsync sessions reschedule ID --start WHEN`",
        "nothing was done",
    ),
    "missed": Meaning(
        "the session never got its room and no longer can",
        "see `explain` for why; make sure that a run starts every 15 minutes",
        "it is told once, and shown by `status` from then on",
        (
            Reason("no run came while its room was due", "`coachsync runs` shows the gap; `coachsync doctor` why"),
            Reason("every run failed for it", "`coachsync explain ID` tells what each failed with"),
            Reason("it was booked after its start, or with `catch_up` off too late", "book earlier, or set `catch_up`"),
        ),
    ),
    "invalid": Meaning(
        "the row makes no sense; the message names the field",
        "correct the row",
        "it gains nothing; a room that is open already is cleaned up by the times that the ledger remembers",
        (
            Reason("the start is in seconds, or is text", "write milliseconds since 1970 as an integer"),
            Reason("a Discord id is a JSON number", "write it as text, in quotes: JavaScript rounds it"),
            Reason("an id occurs twice", "give each booking its own id, or remove the ones too many"),
        ),
    ),
    "unknown_status": Meaning(
        "the status is neither bookable nor cancelled, and setup would be due",
        "correct it, or add it under `[statuses]`",
        "it gets no room; a room that it has already is cleaned up in its time",
    ),
    "missing_permission": Meaning(
        "the bot lacks a permission",
        "give its role the permissions that `coachsync help install` lists",
        "the guild is asked once per run, with pauses that grow to an hour; a session named by hand asks at once",
        (
            Reason("its role lacks it", "Server Settings → Roles → the bot's role → Permissions"),
            Reason("the category denies it", "Edit Category → Permissions: allow it for the bot's role"),
            Reason("it is not clear which", "`coachsync doctor` names each permission that lacks, and where"),
        ),
    ),
    "role_too_high": Meaning(
        "the session's role stands above the bot's own",
        "Server Settings → Roles: drag the bot's role up",
        _AGAIN,
    ),
    "missing_access": Meaning(
        "the bot cannot see or enter the room or its category",
        "Edit Channel → Permissions: add the bot with View Channel and Connect",
        _AGAIN,
        (
            Reason("the category hides it", "Edit Category → Permissions: add the bot with View Channel and Connect"),
            Reason("somebody took the bot out of the room", "add it again, or delete the room by hand"),
            Reason("the room cannot be had any more", "`coachsync cleanup ID --abandon` ends the session's life"),
        ),
    ),
    "needs_2fa": Meaning(
        "the guild asks moderators for two-factor authentication",
        "the owner of the bot's application switches it on for their account",
        _GUILD,
    ),
    "bot_timed_out": Meaning(
        "a moderator timed the bot out; the message says until when",
        "in Discord: right-click the bot → Remove Timeout",
        _GUILD,
    ),
    "bot_flagged": Meaning(
        "Discord's anti-spam flagged the bot: permissions do not help",
        "write to Discord's support as the owner of the application",
        _GUILD,
    ),
    "limit_reached": Meaning(
        "the guild is full: 250 roles, or 500 channels",
        "delete what is not needed; the next run tries again",
        "cleanups go first and make place; if roles lack, the room admits its people by itself",
        (
            Reason("many sessions at once", '`access = "member"` needs no roles'),
            Reason("rooms or roles were left behind", "`coachsync audit` finds those that no booking owns"),
        ),
    ),
    "rate_limited": Meaning(
        "Discord asks for a longer wait than the run has",
        "nothing; the next run goes on. Often: lower `max_requests_per_second`",
        "what was begun is recorded, and the next run goes on from there",
        (
            Reason("many rooms were due at once", "a longer `run_budget`, or `setup_opens` earlier"),
            Reason("another program sends with the same token", "lower `max_requests_per_second` in both"),
        ),
    ),
    "name_refused": Meaning(
        "Discord refuses the room's or role's name",
        "choose another `[naming]` template",
        "it was tried once more under a name that holds no person's, and that was refused too",
    ),
    "not_ours": Meaning(
        "the store names a role or room that coachsync did not make; it is not touched",
        "correct the booking's ids, or `coachsync cleanup ID --abandon`",
        "what the store names is neither taken over, nor edited, nor deleted",
    ),
    "unauthorized": Meaning(
        "Discord refuses the token, or there is none",
        "Developer Portal → Bot → Reset Token; put the new one where the configuration looks for it",
        "nothing can be opened or closed; if it was the only token that was needed, the run ends with exit 3",
        (
            Reason("the token was reset", "put the new one into the token file"),
            Reason("no file or variable holds one", "set `discord.token_file` or `$COACHSYNC_TOKEN`"),
            Reason("it is a client secret or a public key", "only the Bot page shows the token"),
        ),
    ),
    "blocked": Meaning(
        "Discord's edge turns this host's address away",
        "wait; find out who else sends from this address",
        "the run stopped at once, so as not to make it worse; the next run tries again",
    ),
    "unreachable": Meaning(
        "no connection, or no answer in time",
        "check the network and <https://discordstatus.com>; the next run goes on",
        "nothing is lost: setups go on until the session's end, cleanups for ever",
        (
            Reason("Discord is down", "<https://discordstatus.com> says so; wait"),
            Reason("this host has no network, or no name look-up", "`coachsync doctor` tells which"),
            Reason("a proxy or a firewall is in between", "allow https to discord.com"),
        ),
    ),
    "discord_error": Meaning(
        "Discord answered with another error; the message quotes it",
        "run again with `--verbose`; if it stays, report it",
        _AGAIN,
    ),
    "unexpected_answer": Meaning(
        "what answered is not Discord",
        "check `api_base`, and proxies between this host and Discord",
        _AGAIN,
    ),
    "access_unproven": Meaning(
        "Discord did not show the access that was asked for, or something vanished again after a repair",
        "look at Discord's audit log for who changes it; `cleanup ID`, then `setup ID` makes it anew",
        "the session counts as failed, and every run looks again",
        (
            Reason("a person or another bot takes the role or room away", "Server Settings → Audit Log says who"),
            Reason("it was taken away twice", "coachsync repairs each thing once; after that it only reports"),
        ),
    ),
    "store_error": Meaning(
        "the store could not be read or written meanwhile",
        "check space and permissions; the next run goes on",
        "nothing is made in Discord that could not be recorded; what takes access away still goes out",
        (
            Reason("the disk is full, or read-only", "make room; `df` and `mount` show it"),
            Reason("another program holds the database locked", "end it, or let it lock for shorter"),
            Reason("a constraint of the table refuses one row", "the message names the constraint"),
        ),
    ),
    "environment": Meaning(
        "the host withholds what a run needs: a variable such as `REQUESTS_CA_BUNDLE` or `HTTPS_PROXY`, threads, open "
        "files, memory; the message names it",
        "correct the variable, or raise the limit that is named",
        "nothing was sent",
    ),
    "booking_vanished": Meaning(
        "the bookings of open rooms are gone from the store, or the ids of many of their people",
        "bring them back (a backup?); if it was meant: `coachsync run --force`",
        "the rooms are kept to their own end, and everybody keeps their place",
    ),
    "not_a_person": Meaning(
        "a participant's Discord id is a role's, the guild's or the bot's own",
        "correct the id in the booking: right-click the person → Copy User ID",
        "nobody is let in for that id; the others are",
    ),
    "room_open_to_others": Meaning(
        "somebody who is not booked could enter a room or holds its role, or an observer could speak there; the "
        "message says who and where, and whether it was taken away",
        "Discord's audit log shows who let them in; whoever may stay belongs into `[privacy] also`",
        "every run looks again, takes the access away if it can, and tells it until it is so no more",
        (
            Reason("a moderator let them in", "ask them; list those who may stay in `[privacy] also`"),
            Reason("a bot hands out the role", "stop it: the session's role is for its people alone"),
            Reason('`strangers = "report"`', '`[privacy] strangers = "remove"` lets runs take it away'),
            Reason("coachsync may not change it", "`coachsync audit` shows who can enter, and what it may mend"),
        ),
    ),
    "orphan": Meaning(
        "a room or role that is coachsync's by all signs, and no booking owns it (a backup was restored, rows were "
        "deleted)",
        "look at it in Discord; `coachsync audit --fix` removes what the ledger remembers, `coachsync audit CHANNEL_ID "
        "--fix` another",
        "it is left as it is and told by every run: a second installation may share the token",
    ),
    "plan_changed": Meaning(
        "what is due is no longer what the saved plan says; the message names what differs",
        "make a new plan, look at it, and run that one",
        "nothing of the plan was sent",
    ),
    "paused": Meaning(
        "an operator paused the session, its guild, or all",
        "`coachsync resume` lets runs go on; `--force` does this one thing all the same",
        "nothing is set up or repaired and nobody is let in; what takes access away goes on",
    ),
    "source_failed": Meaning(
        "a source of bookings could not be pulled; the message says which and why",
        "correct its address or its secret; the next run pulls it again",
        "the bookings stay as they were last pulled, and the rooms go on; changes in that source are not seen",
        (
            Reason("it does not answer in time, or not at all", "nothing if it passes; else raise its `timeout`"),
            Reason("it refuses the secret (401, 403)", "put the present one into its `token_file`"),
            Reason("it is not what its `type` says, or only half of it came", "look at it: `coachsync sync --dry-run`"),
            Reason(
                "it has no booking any more, or half of those that were coming are missing from it at once",
                "look at it there; if that is meant: `coachsync sync --force`, with its name",
            ),
        ),
    ),
    "interrupted": Meaning(
        "the run was stopped before this was sent",
        "nothing; the next run goes on",
        "what was begun is recorded",
        (
            Reason("it was killed, or somebody typed Ctrl-C", "nothing, if it was meant"),
            Reason("the run took longer than `run_budget`", "`coachsync runs` shows how long runs take"),
        ),
    ),
    "clock_skew": Meaning(
        "this host's clock is more than 5 minutes off Discord's; nothing is removed",
        "`timedatectl set-ntp true`",
        "setups go on; cleanups and revokes wait until the clock is right",
    ),
}
"""What a session's action fails with (CONTRACT §7)."""

WARNINGS: dict[str, Meaning] = {
    "category_gone": Meaning(
        "the category of `category_id` is gone, or refuses rooms",
        "correct `category_id`, or make the category again",
        "rooms are made without a category; it stays until a run sees the category again",
        (
            Reason("somebody deleted it", "make a new one and put its id into `category_id`"),
            Reason("it is no category but a channel", "right-click the category itself → Copy Channel ID"),
            Reason("the bot may not make rooms in it", "Edit Category → Permissions: allow the bot Manage Channels"),
        ),
    ),
    "staff_role_gone": Meaning(
        "a role of `staff_role_ids` is gone",
        "take it out of `staff_role_ids`, or put the new role's id there",
        "rooms are made without it: whoever had that role is let in no more",
    ),
    "token_readable": Meaning(
        "others on this host can read the token file",
        "`chmod 600` the token file; reset the token if somebody may have read it",
        "runs go on",
    ),
    "config_writable": Meaning(
        "others on this host may write the configuration file",
        "`chmod go-w` the configuration file",
        "runs go on: whoever may write it decides where the token is sent",
    ),
    "host_silent": Meaning(
        "one of the hosts that share a PostgreSQL runs no more, or no run works there, while others go on",
        "see whether it is up and `coachsync schedule show` there lists a schedule; run `coachsync run` there by hand",
        "the other hosts do all the work; nothing is late by it",
        (
            Reason("the host is down", "start it: its next run takes its part again"),
            Reason("cron or its timer was switched off, or the line was lost", "`coachsync schedule install` there"),
            Reason("it lacks something that the others have", "`coachsync doctor` there names it"),
            Reason("it was taken away on purpose", "nothing: it is forgotten 3 days after its last run"),
        ),
    ),
    "source_rows": Meaning(
        "a source of bookings holds entries that cannot be read, or would make no sense as a booking",
        "`coachsync sync --dry-run` lists each of them with its reason; correct them in the source",
        "all its other entries count; what was booked by such an entry before stays as it was",
        (
            Reason("a time carries no zone", "set the source's `timezone`"),
            Reason("it is no session, such as a holiday in a calendar", "give sessions a calendar of their own"),
            Reason("a person is named in a way that is no Discord id", "add them to the file of `people`"),
        ),
    ),
    "hook_failed": Meaning(
        "one of the programs of `[hooks]` could not be started, failed, or took too long",
        "run the program by hand as the user that runs coachsync; its last line is in the message",
        "nothing else suffers; the next run starts it again",
        (
            Reason("it is not there, or may not be executed", "correct its path, or `chmod +x` it"),
            Reason("it takes longer than `[hooks] timeout`", "let it do its work in the background, or raise the time"),
            Reason("the run was ended before it", "nothing; if it may have begun it is not started a second time"),
        ),
    ),
    "heartbeat_failed": Meaning(
        "the address of `[heartbeat] url` did not take the heartbeat",
        "ask it by hand: `curl -d test ADDRESS`",
        "the run counts as ever; who watches may think that it did not come",
        (
            Reason("the host has no way out but by a proxy", "set `HTTPS_PROXY` for cron or the unit"),
            Reason("the check was deleted or the address is mistyped", "correct `[heartbeat] url`"),
        ),
    ),
    "notify_failed": Meaning(
        "a message to one of the addresses of `[notify] file` did not arrive, or none could be sent",
        "do what the message says; if it names a line, `apprise -vv -b test ADDRESS` shows what that service says",
        "the other addresses got theirs; the next run sends this one what it missed",
        (
            Reason("apprise is not installed", "`pip install 'coachsync[notify]'` where coachsync runs"),
            Reason("the file is missing, or somebody else's", "correct `[notify] file`; mode 0600, its user's own"),
            Reason("the address is mistyped, or its password was changed", "correct that line"),
        ),
    ),
    "notify_readable": Meaning(
        "others on this host can read the file of addresses, which holds passwords",
        "`chmod 600` the file that `[notify] file` names",
        "messages go out as ever",
    ),
    "people_file": Meaning(
        "others can read or write the file of people, or an entry of it is no id",
        "`chmod 600` the file of people; correct the entry that the message names",
        "the other entries count; runs go on",
        (
            Reason("the id was written for something else", "right-click the person in Discord → Copy User ID"),
            Reason("one key stands there with two ids", "remove the wrong one: until then neither counts"),
        ),
    ),
    "metrics_failed": Meaning(
        "the figures of `[metrics] textfile` could not be written",
        "install what the message names, or name a file in a folder that the user who runs coachsync may write",
        "the run counts as ever; what collects the figures sees old ones",
        (Reason("prometheus-client is not installed", "`pip install 'coachsync[metrics]'` where coachsync runs"),),
    ),
    "no_more_roles": Meaning(
        "Discord makes no more roles in the guild for now",
        'nothing; `access = "member"` does without roles altogether',
        "the room admits its people by itself meanwhile",
    ),
    "status_refused": Meaning(
        "the session is cleaned up, but its table does not take the completed status",
        'name one that it takes in `[statuses] completed`, or write `""` there',
        "the booking keeps its status",
    ),
    "held_back": Meaning(
        "Discord itself keeps a participant out: timed out, quarantined or not past screening",
        "a moderator ends that, or the person answers the guild's questions",
        "they are let in as far as coachsync is concerned, and get in as soon as Discord lets them",
    ),
    "observer_may_speak": Meaning(
        "an observer is an administrator of the guild, whom no room can keep from speaking and writing",
        "nothing, if they may; else take the role from them, or book somebody else",
        "they are let in as an observer, and Discord lets them do more",
    ),
    "grant_unproven": Meaning(
        "who holds a role could not be counted, or a grant could not be repeated",
        "nothing; the next run looks again",
        "the people were let in, and only the second look failed",
    ),
    "limits_near": Meaning(
        "a guild holds nearly all roles or channels that Discord allows it, or nearly all roles are made in it that "
        "Discord lets the bot make in 48 h",
        "delete what is not needed; `coachsync forecast` says when it runs out, and which setting helps",
        "nothing is wrong yet; when no role can be made, rooms admit their people by themselves",
    ),
}
"""What a run warns of; it goes on."""

STANDING: dict[str, Meaning] = {
    "no_tick": Meaning(
        "no `run` finished for longer than `[schedule] max_silence`",
        "`coachsync doctor` says what calls `run` on this host, and whether it did",
        "no room is opened or closed",
        (
            Reason("cron or the timer is off, or was never set up", "`coachsync help install` shows both ways"),
            Reason("every run finds the lock held (exit 4)", "`coachsync runs` shows the run that does not end"),
            Reason("it runs with another configuration or store", "name it: `coachsync --config PATH run`"),
        ),
    ),
    "tick_failed": Meaning(
        "the last `run` could not work (exit 3 or 70), or never ended",
        "`coachsync run` by hand, as the user that cron runs it as, shows the error",
        "no room is opened or closed until a run works",
        (
            Reason("exit 3: configuration, store or token", "the error names what to mend; `coachsync doctor` too"),
            Reason("exit 70: a bug", "run with `--verbose` and report what it prints"),
            Reason("it never ended: killed, or the host went down", "nothing; the next run goes on from there"),
        ),
    ),
}
"""What only reading the ledger can show."""

START: dict[str, Meaning] = {
    "config": Meaning(
        "the configuration is missing, or cannot be understood",
        "correct what the message names; each problem stands there with its key",
        "nothing was sent, and nothing will be until it is mended",
        (
            Reason("there is no file", "`coachsync init` writes one, or name it with `--config PATH`"),
            Reason("a key is misspelt or a value is of the wrong kind", "`coachsync help configuration` has them all"),
        ),
    ),
    "locked": Meaning(
        "another run holds the lock, or another host works with the bot",
        "nothing: the other run does the work. `--wait 60` waits for it",
        "this command did nothing",
        (
            Reason("a run of this host is under way", "wait; `coachsync runs` shows since when"),
            Reason("a host that shares the PostgreSQL works in that guild", "wait; `coachsync status` names it"),
            Reason("that host was killed or cut off", "nothing: its right to the bot ends within a minute"),
        ),
    ),
    "usage": Meaning(
        "the command line makes no sense",
        "`coachsync COMMAND --help` shows what a command takes",
        "nothing was done",
    ),
}
"""What ends a whole command, beside the codes that sessions fail with."""

_OF_KIND: dict[CodeKind, dict[str, Meaning]] = {
    "error": ERRORS, "warning": WARNINGS, "standing": STANDING, "start": START,
}  # fmt: skip
CODES: tuple[str, ...] = tuple(code for known in _OF_KIND.values() for code in known)


def meaning_of(code: str) -> tuple[CodeKind, Meaning] | None:
    """Return what a code is told as, and what it means; None if there is no such code."""
    return next(((kind, known[code]) for kind, known in _OF_KIND.items() if code in known), None)
