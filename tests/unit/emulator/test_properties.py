"""Whatever a request body holds, the answer is a stored preset or a refusal that says why."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from presetctl.emulator.app import create_app
from presetctl.emulator.rules import REQUESTS, Fate
from tests.unit.emulator.conftest import data, error

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
WORDS = st.sampled_from(["type", "id", "name", "role", "content", "system", "text", "function", "effort", "by", "sort"])
VALUES = st.recursive(
    SCALARS | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(), inner, max_size=4)
)
VALID: dict[str, dict[str, Any]] = {
    "chat/completions": {"messages": [{"role": "system", "content": "S"}]},
    "messages": {"model": "m", "messages": [], "system": "S"},
    "responses": {"instructions": "S"},
}


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    kind = draw(st.sampled_from(sorted(REQUESTS)))
    names = st.sampled_from(sorted(REQUESTS[kind].fields)) | st.text()
    return kind, {**VALID[kind], **draw(st.dictionaries(names, VALUES, max_size=3))}


@settings(max_examples=150, deadline=None)
@given(requests())
def test_every_body_is_stored_or_refused(request: tuple[str, dict[str, Any]]) -> None:
    kind, body = request
    with create_app() as app, httpx.Client(transport=httpx.WSGITransport(app), base_url="http://e/api/v1") as client:
        client.headers["Authorization"] = "Bearer x"
        response = client.post(f"/presets/p/{kind}", json=body)
        if response.status_code == 400:
            assert error(response)[1]
            assert data(client.get("/presets")) == []
            return
        fields = REQUESTS[kind].fields
        kept = {name: body[name] for name in body if name in fields and fields[name].fate is not Fate.TRANSIENT}
        assert data(response)["designated_version"]["config"] == kept
        assert data(client.get("/presets/p")) == data(response)
