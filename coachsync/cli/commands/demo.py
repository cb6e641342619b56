"""`demo`: the life of three sessions against an embedded Discord, or that Discord left running."""

from __future__ import annotations

from typing import Annotated

import typer

from coachsync.errors import UsageError


def demo(
    serve: Annotated[
        bool, typer.Option("--serve", help="Leave the stand-in running, with a config and a store to try by hand.")
    ] = False,
    directory: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="With --serve: an empty folder to keep config and store in."),
    ] = None,
) -> int:
    """Play the life of three sessions against an embedded Discord; needs no config, token or network.

    \b
    Examples:
      coachsync demo
      coachsync demo --serve
    """
    if directory is not None and not serve:
        raise UsageError("--directory goes with --serve", "coachsync demo --serve --directory FOLDER")
    if serve:
        from coachsync.demo.serve import serve as leave_running

        return leave_running(directory)
    from coachsync.demo.play import play

    return play()
