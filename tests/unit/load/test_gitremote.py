"""Refs on git remotes: real bare repositories, a git daemon's and a web server's refusals, and many at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from presetctl.domain.errors import AccessError, InputError, RemoteError
from presetctl.load.git import GitRepository
from presetctl.load.gitremote import GitRemote
from tests.gits import Git, needs_git, shared

pytestmark = needs_git
REF = "refs/presetctl/locks/production"


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def clones(tmp_path: Path) -> list[Git]:
    return shared(tmp_path, "one", "two")


def remote(git: Git) -> GitRemote:
    return GitRemote.of(GitRepository.around(git.folder))


def made(git: Git, text: str) -> str:
    """A commit that no branch has."""
    return git("commit-tree", "-m", text, "HEAD^{tree}")


def test_a_ref_is_made_once_and_changed_only_from_what_it_was(clones: list[Git]) -> None:
    one, two = map(remote, clones)
    first, second = made(clones[0], "first"), made(clones[1], "second")
    assert one.read(REF) is None
    assert not one.swap(REF, second, None), "what isn't there can't be removed"
    assert one.swap(REF, None, first)
    assert not two.swap(REF, None, second)
    assert not two.swap(REF, second, None)
    assert two.read(REF) == two.fetch(REF) == first
    assert clones[1]("cat-file", "commit", first).endswith("first")
    assert two.swap(REF, first, second)
    assert not one.swap(REF, first, None)
    assert one.swap(REF, second, None)
    assert two.fetch(REF) is None


def test_nothing_of_the_user_changes(clones: list[Git]) -> None:
    ours, theirs = clones
    first = made(theirs, "first")
    theirs("push", "-q", "origin", "HEAD:refs/heads/other")
    theirs("tag", "-a", "-m", "t", "t")
    theirs("push", "-q", "origin", "t")
    ours("config", "fetch.prune", "true")
    ours("config", "push.followTags", "true")
    ours("config", "push.gpgSign", "true")
    ours("tag", "-a", "-m", "mine", "mine")
    hook = ours.folder / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\necho ran >hook-ran\nexit 1\n")
    hook.chmod(0o755)

    def state() -> tuple[str, set[str], str]:
        files = {path.name for path in (ours.folder / ".git").iterdir()}
        return ours("for-each-ref"), files, ours("status", "--porcelain", "--branch")

    before = state()
    assert remote(theirs).swap(REF, None, first)
    assert remote(ours).fetch(REF) == first
    assert remote(ours).swap(REF, first, made(ours, "second"))
    assert state() == before
    assert not (ours.folder / "hook-ran").exists()
    assert "refs/tags/mine" not in ours("ls-remote", "origin")


@pytest.mark.parametrize("attempt", range(3))
def test_of_many_at_once_one_wins(clones: list[Git], attempt: int) -> None:
    ready, wins = threading.Barrier(8), []
    names = [made(clones[number % 2], f"{number}") for number in range(8)]

    def push(number: int) -> None:
        at = remote(clones[number % 2])
        ready.wait()
        if at.swap(REF, None, names[number]):
            wins.append(names[number])

    threads = [threading.Thread(target=push, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wins == [remote(clones[0]).read(REF)]


def test_which_remote(tmp_path: Path, clones: list[Git]) -> None:
    git = clones[0]
    assert remote(git).name == "origin"
    git("remote", "add", "team/shared", str(tmp_path / "shared.git"))
    git("fetch", "-q", "--all")
    git("branch", "-q", "--set-upstream-to", "team/shared/main")
    assert remote(git).name == "team/shared"
    git("branch", "-q", "--unset-upstream")
    assert remote(git).name == "origin"
    git("checkout", "-q", "--detach")
    git("remote", "remove", "origin")
    assert remote(git).name == "team/shared", "there is no other"
    git("remote", "add", "another", str(tmp_path / "shared.git"))
    with pytest.raises(InputError, match="none of the git remotes another, team/shared is the upstream's"):
        remote(git)
    with pytest.raises(InputError, match="there is no git remote; nothing was written"):
        remote(Git.init(tmp_path / "alone"))
    git("remote", "remove", "another")
    for name in ("a", "b"):
        git("remote", "set-url", "--add", "--push", "team/shared", str(tmp_path / f"{name}.git"))
    with pytest.raises(InputError, match="pushes to more than one address"):
        remote(git)


@pytest.mark.parametrize("way", ["a hook", "a hidden ref"])
def test_a_remote_that_refuses(tmp_path: Path, clones: list[Git], way: str) -> None:
    bare = Git(tmp_path / "shared.git")
    if way == "a hook":
        hook = bare.folder / "hooks/pre-receive"
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
    else:
        bare("config", "receive.hideRefs", "refs/presetctl")
    with pytest.raises(AccessError, match=f"refuses to change {REF}: .*(declined|hidden ref)"):
        remote(clones[0]).swap(REF, None, made(clones[0], "x"))
    assert remote(clones[0]).read(REF) is None


def test_a_remote_that_is_not_there(tmp_path: Path, clones: list[Git]) -> None:
    (tmp_path / "shared.git").rename(tmp_path / "moved.git")
    at = remote(clones[0])
    name = made(clones[0], "x")
    for call in (lambda: at.read(REF), lambda: at.fetch(REF), lambda: at.swap(REF, None, name)):
        with pytest.raises(RemoteError, match=r"the git remote origin can't be used: .*does not appear to be a git"):
            call()


class _Server(BaseHTTPRequestHandler):
    """A git server over HTTP that answers everything with one status."""

    status = 403

    def do_GET(self) -> None:
        self.send_response(self.status)
        if self.status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Server) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "error"), [(401, AccessError), (403, AccessError), (404, AccessError), (500, RemoteError)]
)
@pytest.mark.parametrize("user", ["", "ada:s3cr%2Ft-t0ken@", "s3cr%2Ft-t0ken@"])
def test_no_password_is_asked_for_or_shown(
    clones: list[Git], server: str, monkeypatch: pytest.MonkeyPatch, status: int, error: type[Exception], user: str
) -> None:
    monkeypatch.setattr(_Server, "status", status)
    clones[0]("remote", "set-url", "origin", f"http://{user}{server}/a.git")
    clones[0]("config", "core.askPass", str(clones[0].folder / "ask"))
    (clones[0].folder / "ask").write_text("#!/bin/sh\ntouch asked\n")
    (clones[0].folder / "ask").chmod(0o755)
    at, name = remote(clones[0]), made(clones[0], "x")
    for call in (lambda: at.read(REF), lambda: at.swap(REF, None, name)):
        with pytest.raises(error) as raised:
            call()
        shown = f"{raised.value!r} {raised.value} {raised.value.hint}"  # type: ignore[attr-defined]
        assert "s3cr" not in shown
        assert "ada" not in shown
        assert "127.0.0.1" in shown or status == 401, "the place itself is no secret"
    assert not (clones[0].folder / "asked").exists()


def test_ssh_is_not_left_to_ask(clones: list[Git], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands for ssh has no terminal; what it says is told."""
    ssh = tmp_path / "ssh"
    code = "import os; print('git@host: Permission denied (publickey), session', os.getsid(0) != int(os.environ['S']))"
    ssh.write_text(f"#!{sys.executable}\nimport sys; sys.stdout = sys.stderr\n{code}\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setenv("S", str(os.getsid(0)))
    clones[0]("remote", "set-url", "origin", "git@127.0.0.1:a.git")
    with pytest.raises(AccessError, match=r"Permission denied \(publickey\), session True"):
        remote(clones[0]).read(REF)


def test_a_shallow_and_partial_clone(tmp_path: Path, clones: list[Git]) -> None:
    clones[0].commit("Second")
    clones[0]("push", "-q")
    Git(tmp_path / "shared.git")("config", "uploadpack.allowFilter", "true")
    address = f"file://{tmp_path}/shared.git"
    Git(tmp_path)("clone", "-q", "--depth", "1", "--filter=blob:none", address, "small")
    small = Git(tmp_path / "small")
    clones[1].write("a.txt", "kept whole")
    clones[1]("add", ".")
    name = clones[1]("commit-tree", "-m", "x", clones[1]("write-tree"))
    assert remote(clones[1]).swap(REF, None, name)
    assert remote(small).fetch(REF) == name
    done = subprocess.run(["git", "cat-file", "blob", f"{name}:a.txt"], cwd=small.folder, capture_output=True)
    assert done.stdout == b"kept whole"
    assert remote(small).swap(REF, name, made(small, "y"))
    assert small("rev-parse", "--is-shallow-repository") == "true"
    assert small("rev-list", "--count", "HEAD") == "1"
