"""What telling costs a tick with nothing new: `python -m tests.benchmarks.told`.

An idle tick with the heartbeat, a hook, messages or figures configured ÷ one with none of them.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.benchmarks.home import START, Home, a_folder
from tests.benchmarks.pairs import compare

_NOWHERE = "http://127.0.0.1:9/api/v10"


class _Listener(BaseHTTPRequestHandler):
    """Hears and says nothing more."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Measure and print."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ways = {
            "heartbeat": f'[heartbeat]\nurl = "http://127.0.0.1:{server.server_port}/x"\n',
            "hooks": '[hooks]\nopened = ["/bin/true"]\n',
            "notify": '[notify]\nfile = "urls"\n',
            "metrics": '[metrics]\ntextfile = "x.prom"\n',
        }
        for name, section in ways.items():
            with a_folder() as bare, a_folder() as told:
                plain, ours = Home(bare, _NOWHERE), Home(told, _NOWHERE)
                for home in (plain, ours):
                    home.settle(START)
                (told / "urls").touch(0o600)
                (told / "urls").write_text(f"json://127.0.0.1:{server.server_port}/\n", "utf-8")
                text = (told / "config.toml").read_text("utf-8").replace(f"[{name}]\n", f"{section}# ", 1)
                (told / "config.toml").write_text(text, "utf-8")
                compare(f"idle run with {name} ÷ without", lambda o=ours: o.run(START), lambda p=plain: p.run(START))  # type: ignore[misc]
        server.shutdown()


if __name__ == "__main__":
    main()
