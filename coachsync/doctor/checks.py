"""All checks, one after another: none stops the next, and what only follows from a finding is not told again.

Reads files, the store and Discord; changes nothing, but for a rehearsal that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from coachsync.clock import host_now
from coachsync.config import Settings, Tokens
from coachsync.doctor import host, people
from coachsync.doctor.finding import Check, fault, fine, in_order
from coachsync.doctor.store import Kept, read_store
from coachsync.domain.budget import RoleBudget
from coachsync.domain.finding import Finding
from coachsync.domain.model import DAY, Millis
from coachsync.domain.permissions import NEEDED
from coachsync.errors import CoachsyncError, LockHeldError
from coachsync.host.limits import environmental
from coachsync.host.reading import in_time
from coachsync.schedule.places import Host


class DoctorRequest(NamedTuple):
    """What a person asked for: `config` is the path they gave, `days` how far ahead people and bookings are looked at.

    `rehearse`: role and room are made and deleted in every configured guild, after `wait` seconds at most for a run
    that is under way. `machine` is the host where schedules are looked for, None for this one. `told` is called with
    what is looked at, for whoever waits.
    """

    config: str | None
    environ: Mapping[str, str]
    offline: bool = False
    days: int = 1
    rehearse: bool = False
    wait: float = 0.0
    machine: Host | None = None
    told: Callable[[str], None] = lambda _: None


def examine(request: DoctorRequest) -> tuple[Finding, ...]:
    """Return what was found, in the order of the checks. Raises LockHeldError if a rehearsal finds a run under way."""
    found = _Found()
    settings, findings = host.read_config(request.config, request.environ)
    found.add(findings)
    found.run("version", host.of_version)
    if settings is not None:
        _examine(request, settings, host_now(), found)
    return in_order(found.findings)


class _Found:
    """What was found so far; a check that breaks is itself a finding, and the next one goes on."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(self, findings: Iterable[Finding]) -> None:
        self.findings += findings

    def run(self, check: Check, look: Callable[[], Iterable[Finding]]) -> None:
        try:
            self.add(look())
        except LockHeldError:
            raise
        except CoachsyncError as error:
            self.add([fault(check, error.message, error.hint)])
        except Exception as error:  # noqa: BLE001 - whatever it is, the other checks are worth having
            self.add([_broken(check, error)])

    def run_in_time(self, check: Check, look: Callable[[], Iterable[Finding]], what: str) -> None:
        """Run a check that reads files, which may hang with the mount that they are on; `what` it reads."""
        self.run(check, lambda: in_time(lambda: list(look()), what))

    @property
    def failures(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == "failure"]

    @property
    def amiss(self) -> frozenset[tuple[str, str | None]]:
        """Return what is not fine: check and guild."""
        return frozenset((finding.check, finding.guild_id) for finding in self.findings if finding.level != "ok")

    def is_fine(self, check: Check) -> bool:
        return all(finding.level == "ok" for finding in self.findings if finding.check == check)


def _broken(check: Check, error: Exception) -> Finding:
    withheld = environmental(error)
    if withheld is not None:
        return fault(check, withheld.message, withheld.hint)
    return fault(
        check,
        f"this check itself failed: {type(error).__name__}: {error}",
        "that is a bug in coachsync: report it with this line",
    )


def _examine(request: DoctorRequest, settings: Settings, now: Millis, found: _Found) -> None:
    request.told("reading the store …")
    kept = Kept()

    def store() -> Iterable[Finding]:
        nonlocal kept
        kept, findings = read_store(settings, now, request.days)
        return findings

    found.run_in_time("store", store, "the session store")
    tokens = Tokens(settings, request.environ)
    guilds = _guilds(settings, kept)
    found.run("token", lambda: host.of_tokens(settings, tokens, guilds))
    found.run("token", lambda: host.of_two_bots(settings, tokens, request.environ))
    if not request.offline:
        request.told("asking Discord …")

        def discord() -> Iterable[Finding]:
            nonlocal kept
            kept, findings = _ask(settings, tokens, guilds, kept, now, request.days * DAY)
            return findings

        found.run("api", discord)
    if request.rehearse:
        found.run("rehearse", lambda: _rehearse(request, settings, tokens, found))
    else:
        found.run("rehearse", lambda: _of_leftovers(kept))
    if all(finding.check != "token" for finding in found.findings):
        found.add([fine("token", "found; Discord did not say whether it takes it")])
    found.run("people", lambda: people.unlinked(kept.coming, now))
    if settings.sources:
        request.told("asking the sources of bookings …" if not request.offline else "reading the sources of bookings …")
        found.run("sources", lambda: _of_sources(request, settings, kept, now, found))
    found.run_in_time("schedule", lambda: _of_schedules(request, settings, kept, now, found), "what calls it")
    found.run_in_time("files", lambda: host.of_files(settings, tokens, guilds), "a file of the configuration's")


def _of_sources(
    request: DoctorRequest, settings: Settings, kept: Kept, now: Millis, found: _Found
) -> Iterable[Finding]:
    from coachsync.doctor.sources import Upkeep, of_sources

    readable = all(finding.check not in ("store", "ledger") for finding in found.failures)
    upkeep = Upkeep(kept.last, kept.causes, now)
    return of_sources(settings, request.environ, upkeep, offline=request.offline, readable=readable)


def _of_schedules(
    request: DoctorRequest, settings: Settings, kept: Kept, now: Millis, found: _Found
) -> Iterable[Finding]:
    from coachsync.doctor.schedule import Ticking, of_schedules
    from coachsync.schedule.look import schedules

    ticking = Ticking(
        settings,
        kept.last,
        kept.readable,
        kept.causes,
        kept.path,
        now,
        sound=all(found.is_fine(check) for check in ("token", "api", "clock", "store", "ledger")),
        hosts=kept.hosts,
        token_in_environ=bool(request.environ.get("COACHSYNC_TOKEN")) and not settings.discord.token_file,
    )
    return of_schedules(schedules(request.machine), ticking)


_EVERYWHERE = {"clock", "store", "ledger"}
_IN_ITS_GUILD = {"token", "api", "guild", "permissions", "mfa"}


def _rehearse(request: DoctorRequest, settings: Settings, tokens: Tokens, found: _Found) -> Iterable[Finding]:
    """Rehearse in the configured guilds; not where what was found would make it fail, or make it leave something."""
    from coachsync.doctor.rehearse import RehearsalRequest, put_off, rehearse

    guilds = tuple(dict.fromkeys((settings.discord.guild_id, *settings.guilds)))
    seen = {f.guild_id for f in found.findings if f.check == "guild" and f.level == "ok"}
    against = {f.guild_id for f in found.failures if f.check in _IN_ITS_GUILD}
    sound = all(f.check not in _EVERYWHERE for f in found.failures)
    ready = tuple(guild for guild in guilds if sound and guild in seen - against)
    findings = [put_off(guild) for guild in guilds if guild not in ready]
    if ready:
        request.told("rehearsing …")
        findings += rehearse(RehearsalRequest(settings, tokens, ready, request.wait, found.amiss, request.told))
    return findings


def _of_leftovers(kept: Kept) -> Iterable[Finding]:
    if not kept.left:
        return ()
    from coachsync.doctor.rehearse import of_leftovers

    return list(of_leftovers(kept.left))


def _guilds(settings: Settings, kept: Kept) -> tuple[str, ...]:
    """Return the guilds that the configuration or something coming or open names, the default one first."""
    named = {s.guild_id for s in kept.coming} | {e.guild_id for e in kept.live}
    return tuple(dict.fromkeys((settings.discord.guild_id, *settings.guilds, *sorted(named))))


def _ask(
    settings: Settings, tokens: Tokens, guilds: Iterable[str], kept: Kept, now: Millis, ahead: Millis
) -> tuple[Kept, list[Finding]]:
    """Return what Discord says, and what the store holds with those who were found by their user names."""
    from coachsync.doctor.bots import of_bots
    from coachsync.doctor.business import Business
    from coachsync.doctor.guild import of_guild
    from coachsync.doctor.look import look

    replies = look(settings, tokens, guilds, kept.coming, kept.live)
    findings = list(of_bots(replies.bots, kept.causes))
    for guild_id, asked in replies.guilds.items():
        business = Business(
            settings.guild(guild_id),
            f"[{f'guilds.{guild_id}' if guild_id in settings.guilds else 'discord'}] of {settings.path}",
            settings.policy,
            ahead,
            asked.coming,
            tuple(e for e in kept.live if e.guild_id == guild_id),
            kept.budgets.get(guild_id, RoleBudget()),
            kept.bots.get(guild_id, ""),
        )
        findings += of_guild(asked, business, tokens.of(guild_id).token, NEEDED)
        findings += people.of_people(asked, business.coming, now)
    if replies.guilds and not any(f.check == "people" for f in findings):
        findings.append(people.all_well(replies.guilds))
    found = {s.id: s for asked in replies.guilds.values() for s in asked.coming}
    return kept._replace(coming=tuple(found.get(s.id, s) for s in kept.coming)), findings
