"""The table of all routes: importing this module gathers the handlers."""

from __future__ import annotations

from coachsync.standin import handle_channels, handle_identity, handle_roles
from coachsync.standin.call import ROUTER, Call, Handler

__all__ = ["MEMBER_ROLE", "ROUTER", "Call", "Handler", "handle_channels", "handle_identity", "on_arrival"]

MEMBER_ROLE = "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"


def on_arrival(call: Call) -> None:
    """Do what Discord does before its own latency: look at the roles of a member about to change."""
    if call.request.template == MEMBER_ROLE:
        with call.world.lock:
            handle_roles.remember_roles(call)
