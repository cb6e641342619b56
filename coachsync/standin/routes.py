"""The table of all routes: importing this module gathers the handlers."""

from __future__ import annotations

from coachsync.standin import handle_audit, handle_channels, handle_identity, handle_roles
from coachsync.standin.call import ROUTER, Call
from coachsync.standin.limits import MEMBER_ROLE

HANDLERS = (handle_identity, handle_roles, handle_channels, handle_audit)
"""The modules whose functions are registered in `ROUTER`."""

TEMPLATES = ROUTER.templates()
"""Method and template of every route there is."""


def on_arrival(call: Call) -> None:
    """Do what Discord does before its own latency: look at the roles of a member about to change."""
    if call.request.template == MEMBER_ROLE:
        with call.world.lock:
            handle_roles.remember_roles(call)
