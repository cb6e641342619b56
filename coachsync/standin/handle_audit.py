"""The route of a guild's audit log."""

from __future__ import annotations

from coachsync.domain import permissions as p
from coachsync.standin import rules, shapes
from coachsync.standin.answers import Reply
from coachsync.standin.call import ROUTER, Call


@ROUTER.add("GET", "/guilds/{guild_id}/audit-logs")
def audit_log(call: Call) -> Reply:
    """The guild's changes, newest first; of one person or of one type if asked so."""
    home = call.guild()
    rules.require_guild(home, call.app, p.VIEW_AUDIT_LOG, call.now)
    limit, kind = call.number("limit", 50, low=1, high=100), call.number("action_type", 0)
    before, after = call.number("before", 0), call.number("after", 0)
    actor = call.request.query.get("user_id")
    found = [
        entry
        for entry in reversed(call.world.audit)
        if entry.guild_id == home.id
        and actor in (None, entry.actor)
        and kind in (0, entry.kind)
        and (not before or int(entry.id) < before)
        and int(entry.id) > after
    ]
    actors = {entry.actor for entry in found[:limit]}
    return Reply.of_json(200, shapes.audit_log(found[:limit], [call.world.users[u] for u in sorted(actors, key=int)]))
