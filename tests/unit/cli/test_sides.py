"""What the words of `presetctl diff` name."""

from __future__ import annotations

import pytest

from presetctl.cli.sides import AtCommit, InFiles, InWorkspace, OfVersion, Side, parse_side
from presetctl.domain.errors import UsageError


@pytest.mark.parametrize(
    ("word", "side"),
    [
        ("v3", OfVersion(3)),
        ("v0", AtCommit("v0")),
        ("v03", AtCommit("v03")),
        ("v3~0", AtCommit("v3~0")),
        ("tags/v3", AtCommit("tags/v3")),
        ("V3", AtCommit("V3")),
        ("3", AtCommit("3")),
        ("v1.2", AtCommit("v1.2")),
        ("HEAD~2", AtCommit("HEAD~2")),
        ("feature/x", AtCommit("feature/x")),
        ("HEAD@{10:00}", AtCommit("HEAD@{10:00}")),
        (":/Calm", AtCommit(":/Calm")),
        ("-x", AtCommit("-x")),
        ("staging:", InWorkspace("staging")),
        ("staging:mail", InWorkspace("staging", "mail")),
        ("staging:mail@v4", InWorkspace("staging", "mail", 4)),
        ("staging:Odd_Slug.yaml", InWorkspace("staging", "Odd_Slug.yaml")),
        ("chat:my-title@1a2b3c4d", InWorkspace("chat", "my-title@1a2b3c4d")),
        ("chat/alice:", InWorkspace("chat/alice")),
        ("chat/alice:mail", InWorkspace("chat/alice", "mail")),
        (".", InFiles()),
        ("./", InFiles("./")),
        ("./v3", InFiles("./v3")),
        ("../a:b.yaml", InFiles("../a:b.yaml")),
        ("/a/b.yml", InFiles("/a/b.yml")),
        ("a.yaml", InFiles("a.yaml")),
        ("presets/a.yml", InFiles("presets/a.yml")),
        ("a.yaml~0", AtCommit("a.yaml~0")),
    ],
)
def test_words(word: str, side: Side) -> None:
    assert parse_side(word) == side


@pytest.mark.parametrize("word", ["", " ", "w:a@4", "w:a@v0", "w:a@", "w:@v3", "w:a b", "w:a:b", "w:\n", "w:a@v1@v2"])
def test_words_that_name_nothing(word: str) -> None:
    with pytest.raises(UsageError, match="names nothing") as caught:
        parse_side(word)
    assert "write v3, " in caught.value.hint
