"""presetctl, started already: a process that has loaded it forks for each command, which saves its start every time.

A command runs as it always does: its words, folder, variables, and the three files that it reads and writes are those
of whoever calls.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CALLER = """\
#!{python} -IS
import array, json, os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({address!r})
files = array.array("i", [0, 1, 2])
call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
line.sendmsg([len(call).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
line.sendall(call)
sys.exit(int.from_bytes(line.recv(4), "big"))
"""


@contextlib.contextmanager
def presetctl_ready() -> Iterator[Path]:
    """A folder with the command ``presetctl`` of this checkout, while the block runs."""
    with (
        tempfile.TemporaryDirectory(prefix="presetctl-") as folder,  # addresses of such sockets must be short
        _started(Path(folder) / "line") as address,
    ):
        command = Path(folder) / "presetctl"
        command.write_text(_CALLER.format(python=sys.executable, address=str(address)), encoding="utf-8")
        command.chmod(0o755)
        yield Path(folder)


@contextlib.contextmanager
def _started(address: Path) -> Iterator[Path]:
    words = [sys.executable, "-m", "tests.workflows.ready", str(address)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield address
        finally:
            process.terminate()


def _serve(address: str) -> None:
    import importlib
    import signal

    from presetctl.cli.main import COMMANDS, MODULES

    for name in COMMANDS:
        importlib.import_module(f"presetctl.cli.{MODULES.get(name, name)}")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        os.write(1, b"ready\n")
        while True:
            line, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _answer(line)
            line.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass


def _answer(line: socket.socket) -> None:
    """In the forked process: becomes the caller's command, and tells it the exit code."""
    from presetctl.cli.main import run

    size, files, _, _ = socket.recv_fds(line, 4, 3)
    left, call = int.from_bytes(size, "big"), b""
    while len(call) < left:
        call += line.recv(left - len(call))
    words, folder, environment = json.loads(call)
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", encoding="utf-8", errors="backslashreplace") for n in (1, 2))
    code = 1
    try:
        code = run(words)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        line.sendall(code.to_bytes(4, "big"))
        os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1])
