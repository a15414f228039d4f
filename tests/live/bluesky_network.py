"""A Bluesky network on loopback, started for a test, and people who use it."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from stubs.server import free_port

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".cache" / "bluesky"
ADMIN = ("admin", "admin-pass")
PASSWORD = "a-pass-word-of-tests"
PATIENCE_S = 60.0


class Post(NamedTuple):
    """A record as it is referred to."""

    uri: str
    cid: str

    @property
    def key(self) -> str:
        return self.uri.rpartition("/")[2]


class Person:
    """An account on the network's server, with what its owner can do."""

    def __init__(self, server: httpx.Client, handle: str) -> None:
        self._server = server
        account = self._call("com.atproto.server.createAccount", email=f"{handle}@example.com",
                             handle=handle, password=PASSWORD)  # fmt: skip
        self.did, self._headers = account["did"], {"Authorization": f"Bearer {account['accessJwt']}"}
        self.handle = handle

    def say(self, text: str, above: Post | None = None, root: Post | None = None) -> Post:
        record: dict[str, Any] = {"text": text}
        if above is not None:
            record["reply"] = {"parent": above._asdict(), "root": (root or above)._asdict()}
        return self._create("app.bsky.feed.post", record)

    def like(self, post: Post) -> None:
        self._create("app.bsky.feed.like", {"subject": post._asdict()})

    def repost(self, post: Post) -> None:
        self._create("app.bsky.feed.repost", {"subject": post._asdict()})

    def hide(self, root: Post, *replies: Post) -> None:
        """Hide replies in one's own thread, by its gate."""
        gate = {"post": root.uri, "hiddenReplies": [reply.uri for reply in replies]}
        self._create("app.bsky.feed.threadgate", gate, root.key)

    def delete(self, post: Post) -> None:
        self._call("com.atproto.repo.deleteRecord", repo=self.did, collection="app.bsky.feed.post",
                   rkey=post.key)  # fmt: skip

    def leave(self) -> None:
        """Deactivate the account."""
        self._call("com.atproto.server.deactivateAccount")

    def _create(self, collection: str, value: dict[str, Any], key: str | None = None) -> Post:
        value |= {"$type": collection, "createdAt": dt.datetime.now(dt.UTC).isoformat()}
        asked = {"repo": self.did, "collection": collection, "record": value} | ({"rkey": key} if key else {})
        made = self._call("com.atproto.repo.createRecord", **asked)
        return Post(made["uri"], made["cid"])

    def _call(self, name: str, **asked: Any) -> Any:
        said = self._server.post(f"/xrpc/{name}", json=asked, headers=getattr(self, "_headers", {}))
        assert said.is_success, said.text
        return said.json() if said.content else None


class Network:
    """The server that people use and crawlers ask; what it shows comes from the app view, a little later.

    ``events`` is a file of what happens in people's repositories, in Jetstream's form.
    """

    def __init__(self, address: str, events: Path) -> None:
        self.address, self.events = address, events
        self._server = httpx.Client(base_url=address, trust_env=False, timeout=PATIENCE_S)

    def join(self, name: str) -> Person:
        return Person(self._server, f"{name}.test")

    def take_down(self, person: Person) -> None:
        """As the platform's moderators do."""
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": person.did}
        said = self._server.post("/xrpc/com.atproto.admin.updateSubjectStatus", auth=ADMIN,
                                 json={"subject": subject, "takedown": {"applied": True}})  # fmt: skip
        assert said.is_success, said.text

    def shows(self, reader: Person, thread: Post) -> Any:
        """A thread as a reader gets it, None where there is none."""
        said = self._server.get("/xrpc/app.bsky.feed.getPostThread", params={"uri": thread.uri, "depth": 10},
                                headers=reader._headers)  # fmt: skip
        return said.json() if said.is_success else None

    @staticmethod
    def until(holds: Callable[[], bool]) -> None:
        """Wait for the app view to have heard of it."""
        end = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end, "the app view did not hear of it"
            time.sleep(0.1)


@contextmanager
def bluesky() -> Iterator[Network]:
    """Start a network; skips, saying why, where something that it needs is not installed."""
    node, postgres = _installed()
    with ExitStack() as stack:
        database = stack.enter_context(_database(postgres))
        events = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "jetstream.ndjson"
        environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(INSTALLED / "node_modules"),
                       "NODE_ENV": "test", "LOG_ENABLED": "false"}  # fmt: skip
        process = subprocess.Popen(
            [node, str(HERE / "network.js"), database, str(events)], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(process.wait, 20)
        assert process.stdin is not None
        stack.callback(process.stdin.close)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the network did not start: run tests/live/network.js by hand to see why"
        yield Network(json.loads(line)["pds"], events)


def _installed() -> tuple[str, Path]:
    """Node.js and PostgreSQL's programs."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    if not (INSTALLED / ".ready").exists():
        pytest.skip("Bluesky's servers are not installed: `make live`")
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("PostgreSQL is not installed")
    return node, folders[-1]


@contextmanager
def _database(programs: Path) -> Iterator[str]:
    """A database of our own in a folder of its own; PostgreSQL refuses to be run by root."""
    owner = "postgres" if getpass.getuser() == "root" else getpass.getuser()
    as_owner = ["runuser", "-u", owner, "--"] if getpass.getuser() == "root" else []
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        shutil.chown(folder, owner)
        data, control = f"{folder}/data", [*as_owner, str(programs / "pg_ctl"), "-D", f"{folder}/data"]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        quiet: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
        subprocess.run(
            [*as_owner, str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "pg", "-N"], **quiet
        )
        subprocess.run([*control, "-w", "-l", f"{folder}/log", "-o", options, "start"], **quiet)
        try:
            yield f"postgres://pg@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
