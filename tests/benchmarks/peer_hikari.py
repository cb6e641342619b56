"""hikari doing the requests of the one-guild role jobs: `peer_hikari.py setup|cleanup` with the job on stdin.

Uses its REST client alone (no gateway, no cache): the least that it can take. Prints the ids made as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import hikari

ENTER = hikari.Permissions.VIEW_CHANNEL | hikari.Permissions.CONNECT


async def _set_up(rest: Any, job: dict[str, Any], session: dict[str, str]) -> dict[str, str]:
    guild = int(job["guild"])
    role = await rest.create_role(
        guild, name=session["role"], permissions=hikari.Permissions.NONE, reason=session["id"]
    )
    kinds = hikari.PermissionOverwriteType
    overwrites = [
        hikari.PermissionOverwrite(id=guild, type=kinds.ROLE, deny=ENTER),
        hikari.PermissionOverwrite(id=role.id, type=kinds.ROLE, allow=ENTER),
        hikari.PermissionOverwrite(
            id=int(job["bot"]), type=kinds.MEMBER, allow=ENTER | hikari.Permissions.MANAGE_CHANNELS
        ),
    ]
    channel = await rest.create_guild_voice_channel(
        guild, session["channel"], permission_overwrites=overwrites, reason=session["id"]
    )
    for person in (session["student"], session["coach"]):
        await rest.add_role_to_member(guild, int(person), role.id, reason=session["id"])
    return {"role": str(role.id), "channel": str(channel.id)}


async def _clean_up(rest: Any, job: dict[str, Any], made: dict[str, str]) -> None:
    await rest.delete_channel(int(made["channel"]), reason="over")
    await rest.delete_role(int(job["guild"]), int(made["role"]), reason="over")


async def main(phase: str, job: dict[str, Any]) -> list[Any]:
    """Do one phase for all sessions side by side."""
    app = hikari.RESTApp(url=job["base_url"])
    await app.start()
    guild = int(job["guild"])
    async with app.acquire(job["token"], hikari.TokenType.BOT) as rest:
        await rest.fetch_my_user()
        await asyncio.gather(
            rest.fetch_roles(guild), rest.fetch_guild_channels(guild), rest.fetch_member(guild, int(job["bot"]))
        )
        found: list[Any]
        if phase == "setup":
            found = await asyncio.gather(*(_set_up(rest, job, session) for session in job["sessions"]))
        else:
            found = await asyncio.gather(*(_clean_up(rest, job, made) for made in job["made"]))
    await app.close()
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(sys.argv[1], json.load(sys.stdin)))) + "\n")
