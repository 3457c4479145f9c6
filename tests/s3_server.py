"""A real S3 server for tests: SeaweedFS in one process on loopback, killed by whoever started it."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from storage.objects.protocol import ObjectStoreError
from storage.objects.s3 import Buckets, S3Objects, S3Place

UP_S = 40.0
WEED = Path(sys.executable).with_name("weed")


def _ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


class S3Server:
    """Starts at once; `stop` and `start` again keep what is stored."""

    def __init__(self, folder: Path, *buckets: str) -> None:
        self.folder, self._buckets = folder, buckets
        self.access, self.secret = "tests", secrets.token_hex(16)
        self._ports = dict(zip(("s3", "master", "volume", "filer", "admin", "webdav"), _ports(6), strict=True))
        self._grpc = _ports(5)
        self.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports['s3']}"

    def place(self, bucket: str, *, one_each: bool = False) -> S3Place:
        return S3Place(Buckets(bucket, one_each), self.endpoint, "us-east-1", self.access, self.secret)

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        ports = [f"-{name}.port={port}" for name, port in self._ports.items()]
        names = ("master", "volume", "filer", "s3", "admin")
        ports += [f"-{name}.port.grpc={port}" for name, port in zip(names, self._grpc, strict=True)]
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(WEED), "mini", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-webdav=false",
                 "-s3.port.iceberg=0", "-s3.port.lance=0",
                 "-admin.ui=false", f"-bucket={','.join(self._buckets)}", *ports],
                stdout=log, stderr=log, env=environment, start_new_session=True,
            )  # fmt: skip
        self._until_up()

    def _until_up(self) -> None:
        deadline = time.monotonic() + UP_S
        stores = [S3Objects(self.place(bucket)) for bucket in self._buckets]
        while not all(asyncio.run(_works(store)) for store in stores):
            assert self.process.poll() is None, (self.folder / "log").read_text()[-4000:]
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-4000:]
            time.sleep(0.2)
        for store in stores:
            store.close()

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


async def _works(store: S3Objects) -> bool:
    try:
        await store.put("internal/up", b"up", content_type="x/y")
    except ObjectStoreError:
        return False
    return await store.delete("internal/up")
