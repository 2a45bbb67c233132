"""What becomes of presets in LibreChat when replies get lost, others write too, and fields have to go.

Every test runs against the emulator, and against a real server where there is one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from presetctl.apply import Applier, Conduct, exit_code
from presetctl.domain.change import Action, Head, Plan, Target
from presetctl.domain.errors import AmbiguousError, ConflictError, RemoteError
from presetctl.domain.history import LastDeclared
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.state import ActualState
from presetctl.plan import make_plan, removal, with_removals
from presetctl.providers.librechat.identity import preset_id
from presetctl.providers.librechat.presets import LARGEST_BODY
from presetctl.waiting import Pause
from tests.chats import (
    KINDS,
    OPEN,
    Opened,
    Passage,
    Person,
    Server,
    credentials,
    emulated,
    lost_after,
    lost_before,
    needs_server,
    opened,
    real,
    replies,
)

SAVE, DELETE, LIST = "POST presets", "POST presets/delete", "GET presets"
PROMPT = "Be brief."
MARK = ["managed-by:presetctl", "slug:a"]


@pytest.fixture(params=["emulated", pytest.param("real", marks=needs_server)])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with ExitStack() as stack:
        yield stack.enter_context(real()) if request.param == "real" else stack.enter_context(emulated())[1]


@dataclass
class Scene:
    """A user, what they see in the browser, and what presetctl does beside."""

    server: Server
    person: Person
    it: Opened
    pause: Pause = field(default_factory=lambda: Pause(lambda _: None, lambda: 0.0))

    @property
    def own(self) -> str:
        return preset_id(self.person.id, "a")

    def plan(self, *presets: Preset, gone: Sequence[Preset] = ()) -> Plan:
        """As files would have it that declare ``presets``, and declared what is ``gone`` once."""
        desired = {preset.slug: preset for preset in presets}
        self.it.reader.declared = {preset.slug: preset.adopts for preset in presets}
        listed = {row.slug: row for row in self.it.reader.list_presets().rows}
        slugs = [slug for slug in desired if slug in listed]
        found = {p.slug: p for p in self.it.reader.read_presets(slugs) if p is not None}
        target = Target("w", "librechat", self.server.base, None)
        made = make_plan(target, Head(), desired, ActualState(listed, found), declared=desired, kinds=KINDS)
        held = self.it.reader.read_presets([preset.slug for preset in gone])
        lives = [(preset, p.version) for preset, p in zip(gone, held, strict=True) if p is not None]
        return with_removals(made, [removal(LastDeclared("c" * 40, preset), live) for preset, live in lives])

    def carry_out(self, plan: Plan, *presets: Preset, conduct: Conduct = Conduct()) -> list[Outcome]:
        applier = Applier(self.it.reader, self.it.writer, KINDS, conduct=conduct, pause=self.pause)
        return list(applier.apply(plan, {preset.slug: preset for preset in presets}))

    def apply(self, *presets: Preset, gone: Sequence[Preset] = ()) -> list[Outcome]:
        return self.carry_out(self.plan(*presets, gone=gone), *presets)

    def settled(self, *presets: Preset) -> None:
        """Applies, and forgets what went over the wire."""
        assert {outcome.result for outcome in self.apply(*presets)} <= {Result.APPLIED}
        self.it.wire.lines()


@pytest.fixture
def scene(server: Server) -> Iterator[Scene]:
    person = server.person()
    with opened(server, credentials(person)) as it:
        yield Scene(server, person, it)
        assert {(call.method, call.path) for call in it.wire.calls} <= OPEN


def preset(slug: str = "a", prompt: str | None = PROMPT, adopts: str | None = None, **config: Any) -> Preset:
    said = {"title": slug.upper(), "model": "gpt-5", **config}
    return Preset(slug, "librechat/openAI", Content(prompt, said), Location(f"{slug}.yaml"), adopts=adopts)


def told(outcomes: Sequence[Outcome]) -> list[tuple[Action, Result]]:
    return [(outcome.change.action, outcome.result) for outcome in outcomes]


APPLIED = Result.APPLIED

# --- what is sent


def test_what_is_sent_is_what_the_file_says_and_the_mark(scene: Scene) -> None:
    scene.apply(preset(top_p=1.0, stop=[]))
    (sent,) = [call.body for call in scene.it.wire.calls if call.line == SAVE]
    assert sent == {
        "presetId": scene.own, "title": "A", "endpoint": "openAI", "model": "gpt-5", "top_p": 1.0, "stop": [],
        "promptPrefix": PROMPT, "tags": MARK,
    }  # fmt: skip
    stored = scene.person.preset("A")
    assert {name: stored[name] for name in sent} == sent


def test_nulls_are_never_sent(scene: Scene) -> None:
    assert told(scene.apply(preset(temperature=None, modelLabel=None, verbosity=None))) == [(Action.CREATE, APPLIED)]
    (sent,) = [call.body for call in scene.it.wire.calls if call.line == SAVE]
    assert None not in sent.values()
    assert scene.plan(preset(temperature=None, modelLabel=None, verbosity=None)).pending == ()


def test_what_is_stored_already_is_not_sent_again(scene: Scene) -> None:
    scene.settled(preset(top_p=1))
    before = scene.person.presets()
    scene.it.writer.write(preset(top_p=1.0))
    assert scene.apply(preset(top_p=1.0)) == []
    assert scene.it.wire.writes() == []
    assert scene.person.presets() == before


def test_titles_and_texts_of_every_kind(scene: Scene) -> None:
    odd = preset(prompt="«ü»\u2028\t\r\n😀 $set a.b\x7f\\ </script>", title="😀 Ünï · עברית\u200f", greeting=" x ")
    scene.settled(odd)
    assert scene.plan(odd).pending == ()
    assert scene.person.preset("😀 Ünï · עברית\u200f")["promptPrefix"] == odd.content.system_prompt


def test_two_presets_with_one_title_and_slugs_that_begin_alike(scene: Scene) -> None:
    presets = [preset(slug, title="Same", top_p=0.5) for slug in ("a", "a-b", "b")]
    scene.settled(*presets)
    assert len({row["presetId"] for row in scene.person.presets()}) == 3
    assert scene.plan(*presets).pending == ()


def test_as_much_as_the_server_takes(scene: Scene) -> None:
    scene.settled(preset(prompt="ü" * (LARGEST_BODY // 2 - 200)))
    with pytest.raises(RemoteError, match="takes more than 3 MiB, which LibreChat refuses; nothing was sent"):
        scene.it.writer.write(preset(prompt="ü" * (LARGEST_BODY // 2)))
    assert scene.it.wire.writes() == []


# --- success is what is stored


def test_an_id_of_another_user_is_told_and_not_theirs_any_less(scene: Scene) -> None:
    other = scene.server.person()
    other.save(presetId=scene.own, title="Theirs")
    outcomes = scene.apply(preset())
    assert told(outcomes) == [(Action.CREATE, Result.FAILED)]
    assert "a was not stored, although the server answers 201 (Created)" in outcomes[0].message
    assert exit_code(outcomes) == 8
    assert (scene.person.presets(), other.preset("Theirs")["tags"]) == ([], [])
    assert scene.it.wire.writes() == ["save"]


def test_an_id_that_a_file_names_and_another_user_has_gives_the_preset_its_own(scene: Scene) -> None:
    other = scene.server.person()
    theirs = f"theirs of {scene.person.id}"
    other.save(presetId=theirs, title="Theirs")
    assert told(scene.apply(preset(adopts=theirs))) == [(Action.CREATE, APPLIED)]
    assert scene.person.preset("A")["presetId"] == scene.own
    assert scene.plan(preset(adopts=theirs)).pending == ()
    assert other.preset("Theirs")["endpoint"] is None


def test_a_value_that_the_server_keeps_otherwise_is_named(scene: Scene) -> None:
    outcomes = scene.apply(preset(max_tokens="100"))
    assert [(o.result, o.lost, o.exit_code) for o in outcomes] == [(Result.NOT_PERSISTED, ("config.max_tokens",), 6)]
    assert scene.person.preset("A")["max_tokens"] == 100


def test_a_value_that_the_server_can_not_store_is_told(scene: Scene) -> None:
    outcomes = scene.apply(preset(max_tokens="many"))
    assert told(outcomes) == [(Action.CREATE, Result.FAILED)]
    assert "a value has a type that the server can't store" in outcomes[0].message
    assert scene.person.presets() == []


def rewriting(change: Callable[[dict[str, Any]], None]) -> Passage:
    """The server gets another body than was sent."""

    def passage(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        body = json.loads(request.content)
        change(body)
        data = json.dumps(body).encode()
        request.stream = httpx.ByteStream(data)
        request._content = data
        request.headers["Content-Length"] = str(len(data))
        return send()

    return passage


def test_a_mark_that_is_not_kept_is_told(scene: Scene) -> None:
    scene.it.wire.play(SAVE, rewriting(lambda body: body.update(tags=[])))
    scene.it.reader.declared = {"a": None}
    with pytest.raises(RemoteError, match="the server did not keep presetctl's mark in the `tags` of a"):
        scene.it.writer.write(preset())


@pytest.mark.parametrize("body", [{"presetId": "other"}, {}, [], None, {"message": "Error"}, "<html>"])
def test_a_reply_about_something_else_leaves_a_doubt_and_is_looked_after(scene: Scene, body: Any) -> None:
    def passage(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        send().read()
        return replies(201, body)(request, send)

    scene.it.wire.play(SAVE, passage)
    assert told(scene.apply(preset())) == [(Action.CREATE, APPLIED)]
    assert scene.it.wire.writes() == ["save"]


def test_a_failure_that_is_told_as_success_is_none(scene: Scene) -> None:
    scene.settled(preset())
    scene.it.wire.play(SAVE, replies(201, {"message": "Error saving preset"}))
    outcomes = scene.apply(preset(top_p=0.5))
    assert told(outcomes) == [(Action.UPDATE, Result.FAILED)]
    assert scene.it.wire.writes() == ["save"]


# --- replies that are lost


def fails(status: int, *, arrives: bool) -> Passage:
    def passage(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        if arrives:
            send().read()
        return replies(status, "There was an error")(request, send)

    return passage


CUTS = {
    "cut before": lost_before,
    "cut after": lost_after,
    "500 before": fails(500, arrives=False),
    "500 after": fails(500, arrives=True),
    "502 after": fails(502, arrives=True),
    "HTML after": fails(200, arrives=True),
    "HTML before": fails(200, arrives=False),
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("line", "wanted", "action"),
    [
        (SAVE, [preset("b")], Action.CREATE),
        (SAVE, [preset(top_p=0.7, stop=["x"])], Action.UPDATE),
        (DELETE, [preset()], Action.REPLACE),
        (SAVE, [preset()], Action.REPLACE),
        (DELETE, [], Action.DELETE),
    ],
    ids=["create", "update", "replace's delete", "replace's create", "delete"],
)
def test_what_is_lost_on_the_way_is_found_out(
    scene: Scene, cut: str, line: str, wanted: list[Preset], action: Action
) -> None:
    first = preset(top_p=0.5, stop=["x"])
    scene.settled(first)
    untouched = scene.person.save(presetId=f"mine of {scene.person.id}", title="Mine", tags=["t"])
    if action is Action.CREATE:
        wanted = [first, *wanted]
    plan = scene.plan(*wanted, gone=[] if wanted else [first])
    scene.it.wire.lines()
    scene.it.wire.play(line, CUTS[cut])
    outcomes = scene.carry_out(plan, *wanted)
    assert told(outcomes) == [(action, APPLIED)]
    assert exit_code(outcomes) == 0
    assert scene.it.wire.plays == []
    sent = scene.it.wire.writes()
    expected = ["delete", "save"] if action is Action.REPLACE else ["delete" if action is Action.DELETE else "save"]
    again = [line.removeprefix(SAVE).strip("/") or "save"] if "before" in cut else []
    assert sorted(sent) == sorted([*expected, *again])
    assert scene.plan(*wanted).pending == ()
    assert len(scene.person.presets()) == len(wanted) + 1
    assert scene.person.preset("Mine")["updatedAt"] == untouched["updatedAt"]


@pytest.mark.parametrize("line", [SAVE, DELETE])
def test_what_never_arrives_is_told_honestly_and_finished_by_the_next_apply(scene: Scene, line: str) -> None:
    scene.settled(preset(top_p=0.5), preset("b", top_p=0.5))
    scene.it.wire.play(line, *[lost_before] * 3)
    outcomes = scene.apply(preset(), preset("b"))
    assert told(outcomes) == [(Action.REPLACE, Result.UNKNOWN), (Action.REPLACE, Result.SKIPPED)]
    assert exit_code(outcomes) == (6 if line == SAVE else 8)
    words = "deleted to be made again, and nobody knows" if line == SAVE else "nobody knows whether it was stored"
    assert words in outcomes[0].message
    assert len(scene.person.presets()) == (1 if line == SAVE else 2)
    first = Action.CREATE if line == SAVE else Action.REPLACE
    assert told(scene.apply(preset(), preset("b"))) == [(first, APPLIED), (Action.REPLACE, APPLIED)]
    assert scene.plan(preset(), preset("b")).pending == ()


class KilledError(BaseException):
    """The process is gone."""


def killed(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
    raise KilledError


def killed_after(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
    send().read()
    raise KilledError


@pytest.mark.parametrize(
    ("line", "passage", "left"),
    [
        (DELETE, killed, Action.REPLACE),
        (DELETE, killed_after, Action.CREATE),
        (SAVE, killed, Action.CREATE),
        (SAVE, killed_after, None),
    ],
)
def test_a_replacement_that_is_killed_is_finished_by_the_next_apply(
    scene: Scene, line: str, passage: Passage, left: Action | None
) -> None:
    scene.settled(preset(top_p=0.5))
    plan = scene.plan(preset())
    scene.it.wire.play(line, passage)
    with pytest.raises(KilledError):
        scene.carry_out(plan, preset())
    with opened(scene.server, credentials(scene.person)) as it:
        later = Scene(scene.server, scene.person, it)
        assert [change.action for change in later.plan(preset()).pending] == ([left] if left else [])
        later.settled(preset())
        assert later.plan(preset()).pending == ()
        stored = scene.person.preset("A")
    assert stored["presetId"] == scene.own
    assert "top_p" not in stored


def test_whoever_stops_it_gets_the_replacement_under_way_finished(scene: Scene) -> None:
    scene.settled(preset(top_p=0.5), preset("b", top_p=0.5))
    plan = scene.plan(preset(), preset("b"))

    def stopping() -> bool:
        return any(call.line == DELETE for call in scene.it.wire.calls)

    outcomes = scene.carry_out(plan, preset(), preset("b"), conduct=Conduct(stopping=stopping))
    assert told(outcomes) == [(Action.REPLACE, APPLIED), (Action.REPLACE, Result.SKIPPED)]
    assert scene.plan(preset(), preset("b", top_p=0.5)).pending == ()


# --- fields that go


def test_a_replaced_preset_keeps_its_id_its_order_and_the_tags_of_others(scene: Scene) -> None:
    scene.settled(preset(top_p=0.5))
    scene.person.save(presetId=scene.own, order=3, tags=["work", *MARK, "home"], defaultPreset=True)
    scene.person.save(presetId=scene.own, order=7)
    assert told(scene.apply(preset(prompt=None))) == [(Action.REPLACE, APPLIED)]
    stored = scene.person.preset("A")
    assert not {"top_p", "promptPrefix"} & stored.keys()
    assert (stored["presetId"], stored["tags"]) == (scene.own, ["work", "home", *MARK])
    assert stored["defaultPreset"] is True
    assert scene.plan(preset(prompt=None)).pending == ()


@pytest.mark.parametrize("lost", [None, lost_after, lost_before])
def test_so_it_does_when_the_reply_to_its_deletion_is_lost(scene: Scene, lost: Passage | None) -> None:
    adopted = f"mine of {scene.person.id}"
    scene.person.save(presetId=adopted, title="A", endpoint="openAI", model="gpt-5", promptPrefix=PROMPT, top_p=0.5,
                      order=3, tags=["work"])  # fmt: skip
    wanted = preset(adopts=adopted)
    if lost is not None:
        scene.it.wire.play(DELETE, lost)
    plan = scene.plan(wanted)
    assert [change.action for change in plan.pending] == [Action.REPLACE]
    assert told(scene.carry_out(plan, wanted)) == [(Action.REPLACE, APPLIED)]
    stored = scene.person.preset("A")
    assert (stored["presetId"], stored["order"], stored["tags"]) == (adopted, 3, ["work", *MARK, f"adopted:{adopted}"])
    assert "top_p" not in stored


def test_an_adopted_preset_that_is_deleted_halfway_is_made_again_under_its_id(scene: Scene) -> None:
    adopted = f"mine of {scene.person.id}"
    scene.person.save(presetId=adopted, title="A", endpoint="openAI", top_p=0.5)
    plan = scene.plan(preset(adopts=adopted))
    scene.it.wire.play(DELETE, killed_after)
    with pytest.raises(KilledError):
        scene.carry_out(plan, preset(adopts=adopted))
    with opened(scene.server, credentials(scene.person)) as it:
        Scene(scene.server, scene.person, it).settled(preset(adopts=adopted))
    assert scene.person.preset("A")["presetId"] == adopted


def test_another_endpoint_is_a_replacement_that_leaves_nothing_behind(scene: Scene) -> None:
    scene.settled(preset(top_p=0.5))
    claude = Preset("a", "librechat/anthropic", Content(PROMPT, {"title": "A", "topP": 0.5}), Location("a.yaml"))
    assert told(scene.apply(claude)) == [(Action.REPLACE, APPLIED)]
    stored = scene.person.preset("A")
    assert (stored["endpoint"], stored["topP"]) == ("anthropic", 0.5)
    assert not {"model", "top_p"} & stored.keys()


def test_a_null_that_makes_a_preset_unusable_is_reported_and_repaired(scene: Scene) -> None:
    scene.settled(preset())
    scene.person.save(presetId=scene.own, top_p=None, temperature=None)
    plan = scene.plan(preset())
    (change,) = plan.pending
    assert change.action is Action.REPLACE
    assert [field.name for field in change.fields] == ["config.top_p"]
    assert "`top_p` is null, which makes the whole preset empty in use" in change.warnings
    assert told(scene.carry_out(plan, preset())) == [(Action.REPLACE, APPLIED)]
    assert "top_p" not in scene.person.preset("A")


def test_nulls_that_mean_nothing_are_no_difference(scene: Scene) -> None:
    scene.settled(preset())
    scene.person.save(presetId=scene.own, temperature=None, modelLabel=None, stop=[], verbosity=None)
    assert scene.plan(preset()).pending == ()


def test_a_declared_null_takes_a_value_away(scene: Scene) -> None:
    scene.settled(preset(temperature=0.5))
    assert told(scene.apply(preset(temperature=None))) == [(Action.REPLACE, APPLIED)]
    assert scene.plan(preset(temperature=None)).pending == ()


# --- other people


def test_what_somebody_else_writes_in_between_stays(scene: Scene) -> None:
    scene.settled(preset(), preset("b", top_p=0.5), preset("c"))
    presets = [preset(top_p=0.1), preset("b")]
    plan = scene.plan(*presets, gone=[preset("c")])
    for slug in "abc":
        scene.person.save(presetId=preset_id(scene.person.id, slug), modelLabel="theirs")
    outcomes = []
    for change in plan.pending:
        outcomes += scene.carry_out(Plan(plan.workspace, plan.head, (change,), (), ""), *presets)
    assert told(outcomes) == [(action, Result.CONFLICT) for action in (Action.UPDATE, Action.REPLACE, Action.DELETE)]
    assert {exit_code([outcome]) for outcome in outcomes} == {5}
    assert scene.it.wire.writes() == []
    assert [row["modelLabel"] for row in scene.person.presets()] == ["theirs"] * 3


def test_what_people_set_for_themselves_is_neither_drift_nor_a_conflict(scene: Scene) -> None:
    scene.settled(preset(), preset("b"))
    scene.person.save(presetId=scene.own, defaultPreset=True)
    scene.person.save(presetId=preset_id(scene.person.id, "b"), order=4)
    assert scene.plan(preset(), preset("b")).pending == ()
    plan = scene.plan(preset(top_p=0.1), preset("b"))
    scene.person.save(presetId=preset_id(scene.person.id, "b"), defaultPreset=True)
    assert told(scene.carry_out(plan, preset(top_p=0.1), preset("b"))) == [(Action.UPDATE, APPLIED)]
    assert [(row["title"], row.get("defaultPreset")) for row in scene.person.presets()] == [("B", True), ("A", None)]


def test_a_preset_without_our_mark_is_never_touched(scene: Scene) -> None:
    """Not even one that has the very id."""
    scene.person.save(presetId=scene.own, title="Mine", top_p=0.5)
    scene.person.save(presetId=f"2 {scene.person.id}", title="A", endpoint="openAI", tags=["slug:a"])
    before = scene.person.presets()
    for wanted in (preset(), preset(prompt=None), preset(adopts=f"3 {scene.person.id}")):
        plan = scene.plan(wanted)
        if wanted.adopts is None:
            assert [(change.action, change.fields) for change in plan.changes] == [(Action.NO_OP, ())]
            assert f"`preset_id: {scene.own}` in its file adopts it" in plan.changes[0].warnings[0]
            with pytest.raises(ConflictError):
                scene.it.writer.write(wanted)
            with pytest.raises(ConflictError):
                scene.it.writer.remove("a")
        assert plan.removals == ()
    assert scene.it.wire.writes() == []
    assert scene.person.presets() == before


def test_a_copy_is_not_taken_for_the_original(scene: Scene) -> None:
    scene.settled(preset())
    copy = scene.person.save(presetId=f"copy {scene.person.id}", title="Copy", endpoint="openAI", tags=MARK)
    plan = scene.plan(preset())
    assert (plan.pending, [name.partition("@")[0] for name in plan.unmanaged]) == ((), ["copy"])
    assert told(scene.apply(gone=[preset()])) == [(Action.DELETE, APPLIED)]
    (left,) = scene.person.presets()
    assert (left["presetId"], left["updatedAt"]) == (copy["presetId"], copy["updatedAt"])
    scene.settled(preset())
    assert scene.person.preset("Copy")["updatedAt"] == copy["updatedAt"]


def test_a_preset_is_adopted_by_its_id_and_then_managed(scene: Scene) -> None:
    own = f"mine of {scene.person.id}"
    fields = {"title": "A", "endpoint": "openAI", "model": "gpt-5", "promptPrefix": PROMPT}
    scene.person.save(presetId=own, **fields, tags=["work"], order=2)
    wanted = preset(adopts=own)
    plan = scene.plan(wanted)
    assert [(field.name, field.after) for field in plan.changes[0].fields] == [("tags", "managed-by:presetctl")]
    assert "adopted: from now on files manage it" in plan.changes[0].warnings
    assert told(scene.carry_out(plan, wanted)) == [(Action.UPDATE, APPLIED)]
    (stored,) = scene.person.presets()
    assert {name: stored[name] for name in fields} == fields
    assert (stored["tags"], stored["order"]) == (["work", *MARK, f"adopted:{own}"], 2)
    assert scene.plan(wanted).pending == ()
    assert scene.plan(preset()).pending == ()  # the mark says it, whether the file still does or not
    assert told(scene.apply(gone=[wanted])) == [(Action.DELETE, APPLIED)]
    assert scene.person.presets() == []


def test_a_preset_under_a_new_slug_can_take_over_an_adopted_one(scene: Scene) -> None:
    own = f"mine of {scene.person.id}"
    scene.person.save(presetId=own, title="A", endpoint="openAI")
    scene.apply(preset(adopts=own))
    moved = preset("b", adopts=own)
    scene.apply(moved)
    assert {row["presetId"] for row in scene.person.presets()} == {own, preset_id(scene.person.id, "b")}


# --- the one default


def test_the_default_is_set_last_once_and_never_again(scene: Scene) -> None:
    first, second = preset("b", defaultPreset=True), preset("b")
    scene.settled(first, preset("c"))
    assert scene.person.preset("B")["defaultPreset"] is True
    moved = preset(defaultPreset=True)
    plan = scene.plan(moved, second, preset("c", top_p=0.5))
    outcomes = scene.carry_out(plan, moved, second, preset("c", top_p=0.5))
    assert [outcome.change.slug for outcome in outcomes] == ["c", "a"]
    assert {outcome.result for outcome in outcomes} == {APPLIED}
    assert [row["title"] for row in scene.person.presets() if row.get("defaultPreset")] == ["A"]
    scene.it.wire.lines()
    scene.person.save(presetId=scene.own, order=9)
    changed = preset(defaultPreset=True, top_p=0.1)
    scene.apply(changed, second, preset("c", top_p=0.5))
    (sent,) = [call.body for call in scene.it.wire.calls if call.line == SAVE]
    assert "defaultPreset" not in sent
    assert scene.person.preset("A")["order"] == 9
    assert scene.plan(changed, second).pending == ()


def test_a_default_that_was_taken_away_is_set_again(scene: Scene) -> None:
    wanted = preset(defaultPreset=True)
    scene.settled(wanted)
    scene.person.save(presetId=scene.own, defaultPreset=False)
    scene.it.wire.play(SAVE, lost_after)
    assert told(scene.apply(wanted)) == [(Action.UPDATE, APPLIED)]
    assert scene.it.wire.writes() == ["save"]
    assert scene.plan(wanted).pending == ()


def test_the_previous_default_can_be_deleted_in_the_same_apply(scene: Scene) -> None:
    scene.settled(preset("b", defaultPreset=True))
    assert told(scene.apply(preset(defaultPreset=True), gone=[preset("b")])) == [
        (Action.CREATE, APPLIED),
        (Action.DELETE, APPLIED),
    ]
    assert [row["title"] for row in scene.person.presets()] == ["A"]


# --- damage


def test_others_that_are_gone_meanwhile_end_the_apply(scene: Scene) -> None:
    scene.settled(preset(top_p=0.5), preset("b", top_p=0.5))
    mine = scene.person.save(presetId=f"mine of {scene.person.id}", title="Mine")

    def passage(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        scene.person.delete(mine["presetId"])
        return send()

    scene.it.wire.play(DELETE, passage)
    outcomes = scene.apply(preset(), preset("b"))
    assert told(outcomes) == [(Action.REPLACE, Result.FAILED), (Action.REPLACE, Result.SKIPPED)]
    assert f"with a 1 other presets are gone: mine of {scene.person.id}" in outcomes[0].message
    assert exit_code(outcomes) == 6


def test_a_write_whose_fate_can_not_even_be_read_is_unknown(scene: Scene) -> None:
    scene.settled(preset())
    plan = scene.plan(preset(top_p=0.5))
    scene.it.wire.play(SAVE, lost_after)
    scene.it.wire.play(LIST, *[lambda _, send: send()] * 2, *[replies(503, None)] * 4)
    outcomes = scene.carry_out(plan, preset(top_p=0.5))
    assert told(outcomes) == [(Action.UPDATE, Result.UNKNOWN)]
    assert "nor can it be read" in outcomes[0].message
    assert scene.plan(preset(top_p=0.5)).pending == ()


def test_a_deletion_in_doubt_raises_what_it_is(scene: Scene) -> None:
    scene.settled(preset())
    scene.it.wire.play(DELETE, lost_before)
    with pytest.raises(AmbiguousError):
        scene.it.writer.remove("a")
    assert len(scene.person.presets()) == 1


def test_several_at_the_same_time_are_not_taken_for_damage(scene: Scene) -> None:
    slugs = [f"p-{number}" for number in range(8)]
    scene.settled(*(preset(slug, top_p=0.5) for slug in slugs))
    wanted = [preset(slug) for slug in slugs]
    another = threading.Event()

    def slow(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        another.wait(0.5)  # in vain, where one deletes after the other
        return send()

    def quick(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        reply = send()
        another.set()
        return reply

    scene.it.wire.play(DELETE, slow, *[quick] * 7)
    outcomes = scene.carry_out(scene.plan(*wanted), *wanted, conduct=Conduct(parallelism=4))
    assert sorted(told(outcomes)) == [(Action.REPLACE, APPLIED)] * 8
    assert scene.it.wire.writes().count("delete") == 8
    assert scene.plan(*wanted).pending == ()


# --- the session


def test_the_session_goes_on_by_its_cookie_and_by_the_next_one(server: Server) -> None:
    now = [0.0]
    with opened(server, credentials(server.person()), clock=lambda: now[0]) as it:
        for seconds, expected in (
            (0, ["POST auth/login"]),
            (839, []),
            (1, ["POST auth/refresh"]),
            (840, ["POST auth/refresh"]),
        ):
            now[0] += seconds
            it.reader.list_presets()
            assert it.wire.lines() == [*expected, LIST]


def test_a_token_that_is_refused_is_renewed_by_the_cookie(scene: Scene) -> None:
    scene.settled(preset())
    opens: Any = scene.it.session._pass
    scene.it.session._pass = replace(opens, token=f"{opens.token[:-4]}AAAA")
    assert told(scene.apply(preset(top_p=0.5))) == [(Action.UPDATE, APPLIED)]
    assert scene.it.wire.lines()[:3] == [LIST, "POST auth/refresh", LIST]


def test_without_a_good_cookie_it_logs_in_again(scene: Scene) -> None:
    scene.settled(preset())
    opens: Any = scene.it.session._pass
    scene.it.session._pass = replace(opens, token=f"{opens.token[:-4]}AAAA", cookie=f"{opens.cookie[:-4]}AAAA")
    assert scene.plan(preset()).pending == ()
    assert scene.it.wire.lines() == [LIST, "POST auth/refresh", "POST auth/login", LIST, LIST]
