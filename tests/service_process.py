"""The service as its users start it: a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from .conftest import ROOT
from .processes import start_process


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@dataclass
class Service:
    process: subprocess.Popen
    address: str
    log: str

    def client(self, **options):
        return httpx.Client(base_url=self.address, timeout=30, trust_env=False, **options)

    def wait(self, seconds=40):
        """Until it is ready."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.address}/health/ready", trust_env=False).status_code == 200:
                    return self
            except httpx.HTTPError:
                pass
            assert self.process.poll() is None, self.said()
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.said()}")

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def stop(self, how=signal.SIGTERM, seconds=30):
        """Tell it to stop; give its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(seconds)


def started(folder, *options, store=None, port=None, **environment):
    """A service whose files lie in ``folder``; not yet ready."""
    port = port or free_port()
    log = str(folder / "service.log")
    clean = {name: value for name, value in os.environ.items() if "COMMENTNLP" not in name}
    command = [sys.executable, "serve.py", "--port", str(port)]
    command += ["--store", store or str(folder / "弹幕.db"), *options]
    with open(log, "ab") as out:
        process = start_process(
            command, cwd=ROOT, stdout=out, stderr=out, env={**clean, **environment}
        )
    return Service(process, f"http://127.0.0.1:{port}", log)


@contextmanager
def running(folder, *options, **environment):
    """A service that is ready, and stopped at the end."""
    service = started(folder, *options, **environment)
    try:
        yield service.wait()
    finally:
        service.stop(signal.SIGKILL)
