"""The work tree gives the files of a project, whatever lies around in it."""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from presetctl.domain.errors import InputError
from presetctl.load import tree as tree_module
from presetctl.load.tree import WorkTree
from presetctl.ports import FileTree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a file and a folder beside it that are none of its business."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    project = tmp_path / "project"
    (project / "presets" / "sub").mkdir(parents=True)
    for name in ("presets/b.yaml", "presets/a.yaml", "presets/sub/c.yaml", "presets/.hidden.yaml", "top.yaml"):
        (project / name).write_text(name)
    (project / "presets" / ".git").mkdir()
    (project / "presets" / ".git" / "config.yaml").write_text("")
    return project


ALL = ["presets/a.yaml", "presets/b.yaml", "presets/sub/c.yaml"]


def denied(*_: Any, **__: Any) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


def refused(root: Path, path: str, limit: int = 100) -> str:
    with pytest.raises(InputError) as caught:
        WorkTree(root).read(path, limit)
    return f"{caught.value.message} ({caught.value.hint})"


class TestFiles:
    def test_are_sorted_and_hidden_ones_left_out(self, root: Path) -> None:
        tree: FileTree = WorkTree(root)
        assert tree.files("presets") == ALL
        assert tree.files("./presets//sub/") == ["presets/sub/c.yaml"]
        assert tree.files("") == tree.files(".") == [*ALL, "top.yaml"]

    def test_of_a_missing_folder_are_none(self, root: Path) -> None:
        assert WorkTree(root).files("nothing/here") == []

    def test_are_listed_even_if_they_are_none(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        os.mkfifo(root / "presets" / "pipe.yaml")
        with socket.socket(socket.AF_UNIX) as listener:
            monkeypatch.chdir(root)  # the path of a socket must be short
            listener.bind("presets/s.yaml")
        assert WorkTree(root).files("presets") == sorted([*ALL, "presets/pipe.yaml", "presets/s.yaml"])
        assert "presets/pipe.yaml is not a regular file" in refused(root, "presets/pipe.yaml")
        assert "presets/s.yaml can't be read" in refused(root, "presets/s.yaml")

    def test_of_folders_behind_links_inside(self, root: Path) -> None:
        (root / "shared" / "deep").mkdir(parents=True)
        (root / "shared" / "deep" / "x.yaml").write_text("x")
        (root / "presets" / "more").symlink_to("../shared")
        assert WorkTree(root).files("presets") == sorted([*ALL, "presets/more/deep/x.yaml"])
        assert WorkTree(root).read("presets/more/deep/x.yaml", 10) == b"x"

    def test_are_listed_by_their_own_path_rather_than_by_a_link(self, root: Path) -> None:
        (root / "presets" / "a").symlink_to("sub")
        assert WorkTree(root).files("presets") == ALL

    def test_end_where_links_go_in_circles(self, root: Path) -> None:
        (root / "presets" / "self").symlink_to(".")
        (root / "presets" / "sub" / "up").symlink_to("..")
        (root / "presets" / "circle.yaml").symlink_to("circle.yaml")
        assert WorkTree(root).files("presets") == sorted([*ALL, "presets/circle.yaml"])

    def test_end_where_every_folder_links_to_every_other(self, root: Path) -> None:
        for one in range(12):
            (root / "maze" / str(one)).mkdir(parents=True)
            (root / "maze" / str(one) / "x.yaml").write_text("")
            for other in range(12):
                (root / "maze" / str(one) / f"to{other}").symlink_to(f"../{other}")
        assert len(WorkTree(root).files("maze")) == 12

    def test_behind_links_are_listed_even_if_reading_them_will_fail(self, root: Path) -> None:
        for name, target in [("in", "a.yaml"), ("out", "../../secret/key"), ("gone", "nothing")]:
            (root / "presets" / f"{name}.yaml").symlink_to(target)
        assert WorkTree(root).files("presets") == sorted([*ALL, *(f"presets/{n}.yaml" for n in ("in", "out", "gone"))])
        assert WorkTree(root).read("presets/in.yaml", 100) == b"presets/a.yaml"
        assert "leads out" in refused(root, "presets/out.yaml")
        assert "does not exist" in refused(root, "presets/gone.yaml")

    @pytest.mark.parametrize("target", ["../../secret", "/", "/proc"])
    def test_behind_a_link_to_an_outside_folder_are_refused(self, root: Path, target: str) -> None:
        (root / "presets" / "out").symlink_to(target)
        with pytest.raises(InputError, match="presets/out leads out of the project's folder"):
            WorkTree(root).files("presets")

    @pytest.mark.parametrize("folder", ["..", "presets/../..", "/etc", "a\0b", "presets/a.yaml"])
    def test_of_what_is_no_folder_inside_are_refused(self, root: Path, folder: str) -> None:
        with pytest.raises(InputError):
            WorkTree(root).files(folder)

    def test_of_a_folder_in_a_circle_are_refused(self, root: Path) -> None:
        (root / "circle").symlink_to("circle")
        with pytest.raises(InputError, match="circle is a symbolic link in circles"):
            WorkTree(root).files("circle")

    def test_of_a_closed_folder_are_refused(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "scandir", denied)
        with pytest.raises(InputError, match="presets can't be read: permission denied"):
            WorkTree(root).files("presets")

    @pytest.mark.skipif(sys.platform == "darwin", reason="its file systems refuse such names")
    def test_whose_names_are_not_utf8_are_refused(self, root: Path) -> None:
        Path(os.fsdecode(os.fsencode(root / "presets") + b"/\xff.yaml")).write_text("")
        with pytest.raises(InputError, match=r"presets/\\xff.yaml is not UTF-8"):
            WorkTree(root).files("presets")

    def test_may_be_many(self, root: Path) -> None:
        for number in range(3000):
            (root / "presets" / f"n{number}.yaml").touch()
        assert len(WorkTree(root).files("presets")) == 3003


class TestRead:
    def test_gives_the_bytes(self, root: Path) -> None:
        assert WorkTree(root).read("presets/a.yaml", 14) == b"presets/a.yaml"
        assert WorkTree(root).read("./presets//sub/c.yaml", 100) == b"presets/sub/c.yaml"

    def test_works_from_a_linked_root_and_a_relative_one(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        link = root.parent / "link"
        link.symlink_to(root)
        assert WorkTree(link).read("top.yaml", 100) == b"top.yaml"
        monkeypatch.chdir(root.parent)
        tree = WorkTree(Path("project"))
        monkeypatch.chdir("/")
        assert tree.read("top.yaml", 100) == b"top.yaml"

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("", "is a folder"),
            (".", "is a folder"),
            ("presets", "presets is a folder"),
            ("nothing.yaml", "nothing.yaml does not exist (check the spelling)"),
            ("nothing/a.yaml", "does not exist"),
            ("top.yaml/a", "leads through a file"),
            ("../secret/key", "leads out of the project's folder"),
            ("presets/../../secret/key", "leads out of the project's folder"),
            ("presets/../top.yaml", "leads out of the project's folder"),
            ("/etc/passwd", "is an absolute path"),
            ("//etc/passwd", "is an absolute path"),
            ("top.yaml\0", "NUL"),
            ("n" * 256, "too long a name"),
            ("n" * 5000, "too long a name"),
            ("d/" * 5000, "does not exist"),
        ],
    )
    def test_refuses(self, root: Path, path: str, words: str) -> None:
        assert words in refused(root, path)
        assert len(refused(root, path)) < 400

    def test_takes_the_longest_names(self, root: Path) -> None:
        (root / ("n" * 255)).write_text("x")
        assert WorkTree(root).read("n" * 255, 1) == b"x"

    @pytest.mark.parametrize("target", ["../secret/key", "/etc/passwd", "/dev/zero", "/proc/self/environ"])
    def test_refuses_links_that_lead_outside(self, root: Path, target: str) -> None:
        (root / "link").symlink_to(target)
        if Path(target).exists() or not target.startswith("/proc"):
            assert "link leads out of the project's folder (copy" in refused(root, "link")

    def test_refuses_folders_that_lead_outside(self, root: Path) -> None:
        (root / "link").symlink_to("../secret")
        assert "link/key leads out" in refused(root, "link/key")

    def test_refuses_a_neighbour_whose_name_starts_alike(self, root: Path) -> None:
        (root.parent / "project-2").mkdir()
        (root.parent / "project-2" / "a").touch()
        (root / "link").symlink_to("../project-2/a")
        assert "leads out" in refused(root, "link")

    def test_refuses_links_in_circles(self, root: Path) -> None:
        (root / "one").symlink_to("two")
        (root / "two").symlink_to("one")
        assert "circles" in refused(root, "one")

    def test_refuses_pipes_and_sockets_without_waiting(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        os.mkfifo(root / "pipe")
        assert "pipe is not a regular file" in refused(root, "pipe")
        monkeypatch.chdir(root)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
            assert "socket can't be read: " in refused(root, "socket")

    def test_refuses_what_is_too_large(self, root: Path) -> None:
        with (root / "large").open("wb") as file:
            file.truncate(100 * 1024 * 1024)
        assert "large has more than 1,048,576 bytes" in refused(root, "large", 1024 * 1024)
        assert "more than 13 bytes" in refused(root, "presets/a.yaml", 13)

    def test_refuses_what_it_may_not_read(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "open", denied)
        assert "top.yaml can't be read: permission denied (change its permissions" in refused(root, "top.yaml")

    def test_refuses_a_root_that_is_gone(self, root: Path) -> None:
        assert "does not exist" in refused(root / "nothing", "a.yaml")

    @pytest.mark.parametrize("part", ["presets", "presets/sub", "presets/sub/c.yaml"])
    def test_notices_links_that_are_put_in_after_the_check(
        self, root: Path, part: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (root.parent / "secret" / "sub").mkdir()
        for name in ("secret/c.yaml", "secret/sub/c.yaml"):
            (root.parent / name).write_text("secret")
        target = {"presets": "secret", "presets/sub": "secret/sub", "presets/sub/c.yaml": "secret/c.yaml"}[part]
        resolve = WorkTree._real  # what isn't a link is opened at once, without a check that could be too early

        def swapped(self: WorkTree, path: str) -> str:
            real = resolve(self, path)
            (root / part).rename(root / "away")
            (root / part).symlink_to(root.parent / target)
            return real

        (root / "link.yaml").symlink_to("presets/sub/c.yaml")
        monkeypatch.setattr(tree_module.WorkTree, "_real", swapped)
        message = refused(root, "link.yaml")
        assert "circles" in message or "leads through" in message

    def test_leaves_no_descriptor_open(self, root: Path) -> None:
        tree = WorkTree(root)
        lowest = os.dup(0)
        os.close(lowest)
        for path in ("presets/sub/c.yaml", "presets/sub/none", "presets", "presets/a.yaml/b", "presets/none/c"):
            with suppress(InputError):
                tree.read(path, 5)
        again = os.dup(0)
        os.close(again)
        assert again == lowest
