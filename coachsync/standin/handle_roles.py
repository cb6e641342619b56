"""Routes about roles and who holds them."""

from __future__ import annotations

from coachsync.domain import permissions as p
from coachsync.standin import audit, rules, shapes
from coachsync.standin.answers import Reply, plain_error, refuse
from coachsync.standin.call import ROUTER, Call
from coachsync.standin.forms import Form
from coachsync.standin.model import Guild, Member, Role

BOTTOM = 1


@ROUTER.add("GET", "/guilds/{guild_id}/roles")
def roles(call: Call) -> Reply:
    """All roles but those that lag."""
    grown = call.lag.grown(call.guild().roles.values(), call.world)
    return Reply.of_json(200, [shapes.role(role) for role in grown])


@ROUTER.add("GET", "/guilds/{guild_id}/roles/member-counts")
def member_counts(call: Call) -> Reply:
    """How many hold each role, @everyone left out."""
    home = call.guild()
    if not call.world.member_counts:
        raise plain_error(404)
    counts = {role: 0 for role in home.roles if role != home.id}
    for member in home.members.values():
        for role in member.roles:
            counts[role] += 1
    return Reply.of_json(200, counts)


@ROUTER.add("GET", "/guilds/{guild_id}/roles/{role_id}")
def role(call: Call) -> Reply:
    """One role."""
    found = call.guild().roles.get(call.param("role_id"))
    if found is None:
        raise refuse(10011)
    return Reply.of_json(200, shapes.role(found))


@ROUTER.add("POST", "/guilds/{guild_id}/roles")
def create_role(call: Call) -> Reply:
    """A new role at the bottom, with the permissions of @everyone unless told otherwise."""
    home = call.guild()
    held = rules.require_guild(home, call.app, p.MANAGE_ROLES, call.now)
    form = call.form()
    made = Role(call.world.snowflake(), "new role", home.everyone.permissions, BOTTOM, call.world.birth())
    _fill(call, form, made, held)
    if len(home.roles) >= home.max_roles:
        raise refuse(30005)
    home.roles[made.id] = made
    call.note(home, audit.ROLE_CREATE, made.id)
    return Reply.of_json(200, shapes.role(made))


@ROUTER.add("PATCH", "/guilds/{guild_id}/roles/{role_id}")
def edit_role(call: Call) -> Reply:
    """Change a role below the bot's."""
    home = call.guild()
    held = rules.require_guild(home, call.app, p.MANAGE_ROLES, call.now)
    found = call.role(home)
    rules.require_below(home, found, call.app)
    _fill(call, call.form(), found, held)
    call.note(home, audit.ROLE_UPDATE, found.id)
    return Reply.of_json(200, shapes.role(found))


def _fill(call: Call, form: Form, role: Role, held: int) -> None:
    name, permissions = form.name("name"), form.permissions("permissions")
    hoist, mentionable = form.flag("hoist"), form.flag("mentionable")
    color = form.integer("color", 0, 0xFF_FFFF)
    form.done()
    if permissions is not None and permissions & ~held:
        raise refuse(50013)
    role.name = call.world.name_filter(name) if name else role.name
    role.permissions = role.permissions if permissions is None else permissions
    role.hoist = role.hoist if hoist is None else hoist
    role.mentionable = role.mentionable if mentionable is None else mentionable
    role.color = role.color if color is None else color


@ROUTER.add("DELETE", "/guilds/{guild_id}/roles/{role_id}")
def delete_role(call: Call) -> Reply:
    """Delete a role below the bot's that nothing manages."""
    home = call.guild()
    rules.require_guild(home, call.app, p.MANAGE_ROLES, call.now)
    found = call.role(home)
    rules.require_below(home, found, call.app)
    if found.managed:
        raise refuse(50028)
    call.world.drop_role(home, found)
    call.note(home, audit.ROLE_DELETE, found.id)
    return Reply(204)


@ROUTER.add("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}")
def give_role(call: Call) -> Reply:
    """Give a member a role."""
    _, member, role = _grant(call)
    _write_roles(call, member, role, held=True)
    return Reply(204)


@ROUTER.add("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}")
def take_role(call: Call) -> Reply:
    """Take a role from a member, held or not."""
    _, member, role = _grant(call)
    _write_roles(call, member, role, held=False)
    return Reply(204)


def _grant(call: Call) -> tuple[Guild, Member, Role]:
    home = call.guild()
    rules.require_guild(home, call.app, p.MANAGE_ROLES, call.now)
    role = call.role(home)
    member = call.member(home)
    if role.managed:
        raise refuse(50028)
    rules.require_below(home, role, call.app)
    return home, member, role


def remember_roles(call: Call) -> None:
    """Read the member's roles on arrival: what is written later is this set with one change.

    So of two changes of one member that overlap the later one undoes the earlier, though both answer 204.
    Source: https://github.com/discord/discord-api-docs/issues/6289
    """
    guild = call.world.guilds.get(call.request.params["guild_id"])
    member = guild.members.get(call.request.params["user_id"]) if guild else None
    if member is not None:
        call.roles_on_arrival = set(member.roles)
        call.changes_on_arrival = member.role_changes


def _write_roles(call: Call, member: Member, role: Role, held: bool) -> None:
    overlapped = call.roles_on_arrival is not None and member.role_changes != call.changes_on_arrival
    roles = set(call.roles_on_arrival or ()) if overlapped else member.roles
    if held:
        roles.add(role.id)
    else:
        roles.discard(role.id)
    if overlapped:
        roles &= call.guild().roles.keys()
        call.world.lost_role_changes += 1
    member.roles = roles
    member.role_changes += 1
    call.note(call.guild(), audit.MEMBER_ROLE_UPDATE, member.user_id)
