"""The way to Discord, the token it takes, and the clocks: the checks `api`, `token` and `clock`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from coachsync.discord.errors import DiscordError, Unauthorized
from coachsync.discord.objects import Me
from coachsync.doctor.finding import doubt, fault, fine
from coachsync.doctor.look import Bot
from coachsync.domain.causes import Cause
from coachsync.domain.finding import Finding
from coachsync.domain.model import MINUTE, Millis
from coachsync.domain.words import span

CLOCK_LIMIT: Millis = 5 * MINUTE
_CLOCK_DOUBT: Millis = MINUTE


def of_bots(bots: Collection[Bot], causes: Iterable[Cause]) -> Iterator[Finding]:
    """Yield what is wrong with the way to Discord, the token and the clock; a guild is not told of it again."""
    for bot in bots:
        if isinstance(bot.me, Unauthorized):
            yield fault("token", f"{bot.me.message}{_for(bot, bots)}", bot.me.hint)
        elif isinstance(bot.me, DiscordError):
            yield fault("api", f"{bot.api_base}: {bot.me.message}", bot.me.hint)
    answering = [bot for bot in bots if isinstance(bot.me, Me)]
    yield from _of_flag(causes, answering)
    names = [bot.me for bot in bots if isinstance(bot.me, Me)]
    yield from (fine("token", f"Discord takes it, as the bot {me.name} ({me.id})") for me in names)
    yield from _of_clock([bot.skew for bot in bots if bot.skew is not None])


def _for(bot: Bot, bots: Collection[Bot]) -> str:
    return f" of guild {', '.join(bot.guild_ids)}" if len(bots) > 1 else ""


def _of_flag(causes: Iterable[Cause], answering: Collection[Bot]) -> Iterator[Finding]:
    """Yield that the bot is flagged: reading shows nothing of it, but the runs before were refused."""
    flagged = [cause for cause in causes if cause.code == "bot_flagged"]
    yield from (fault("api", c.message, c.hint, c.guild_id or None) for c in flagged)
    if answering and not flagged:
        yield fine("api", " and ".join(dict.fromkeys(f"{bot.api_base} answers" for bot in answering)))


def _of_clock(skews: Collection[Millis]) -> Iterator[Finding]:
    if not skews:
        return
    skew = max(skews, key=abs)
    if abs(skew) <= _CLOCK_DOUBT:
        yield fine("clock", "this host's clock agrees with Discord's")
        return
    told = f"this host's clock is {span(skew)} {'behind' if skew > 0 else 'ahead of'} Discord's"
    hint = "set the host's clock right: `timedatectl` shows whether it is synchronised"
    if abs(skew) > CLOCK_LIMIT:
        yield fault("clock", f"{told}: runs take no room and no access away", hint)
    else:
        yield doubt("clock", told, hint)
