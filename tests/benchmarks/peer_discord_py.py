"""discord.py doing the requests of the one-guild role jobs: `peer_discord_py.py setup|cleanup` with the job on stdin.

Uses its HTTP client alone (no gateway, no cache): the least that it can take. Prints the ids made as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import discord
from discord.http import HTTPClient, Route

ENTER = 1 << 10 | 1 << 20


async def _set_up(http: HTTPClient, job: dict[str, Any], session: dict[str, str]) -> dict[str, str]:
    guild = job["guild"]
    role = await http.create_role(guild, name=session["role"], permissions="0", reason=session["id"])
    overwrites = [
        {"id": guild, "type": 0, "allow": 0, "deny": ENTER},
        {"id": role["id"], "type": 0, "allow": ENTER, "deny": 0},
        {"id": job["bot"], "type": 1, "allow": ENTER | 1 << 4, "deny": 0},
    ]
    channel = await http.create_channel(
        guild, 2, name=session["channel"], permission_overwrites=overwrites, reason=session["id"]
    )
    for person in (session["student"], session["coach"]):
        await http.add_role(guild, person, role["id"], reason=session["id"])
    return {"role": str(role["id"]), "channel": str(channel["id"])}


async def _clean_up(http: HTTPClient, job: dict[str, Any], made: dict[str, str]) -> None:
    await http.delete_channel(made["channel"], reason="over")
    await http.delete_role(job["guild"], made["role"], reason="over")


async def main(phase: str, job: dict[str, Any]) -> list[Any]:
    """Do one phase for all sessions side by side."""
    discord.utils.setup_logging(level=50)
    Route.BASE = job["base_url"]
    http = HTTPClient(asyncio.get_running_loop())
    await http.static_login(job["token"])
    guild = job["guild"]
    await asyncio.gather(http.get_roles(guild), http.get_all_guild_channels(guild), http.get_member(guild, job["bot"]))
    found: list[Any]
    if phase == "setup":
        found = await asyncio.gather(*(_set_up(http, job, session) for session in job["sessions"]))
    else:
        found = await asyncio.gather(*(_clean_up(http, job, made) for made in job["made"]))
    await http.close()
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(sys.argv[1], json.load(sys.stdin)))) + "\n")
