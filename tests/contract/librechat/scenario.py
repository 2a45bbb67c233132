"""What a LibreChat presets API is asked, call by call, and its replies with ids, times and tokens masked.

The word RUN in a call becomes a word of this run, because mails and preset ids are unique across a whole deployment,
and is put back in the reply. Ids are numbered in the order in which they appear, so that it shows which stay the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from secrets import randbelow, token_hex
from typing import Any

import httpx

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Call:
    """One request. ``user`` signs it with the token of their latest login; ``cookie`` is sent instead, if there is one.

    COOKIE becomes the first refresh cookie of Alice, and TOKEN her first token.
    """

    method: str
    path: str
    body: Any = None
    user: str = ""
    cookie: str = ""
    content_type: str = JSON_TYPE
    authorization: str | None = None
    address: int = 0

    @property
    def title(self) -> str:
        said = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        extras = [
            self.user,
            "" if self.content_type == JSON_TYPE else self.content_type,
            self.authorization or self.cookie,
        ]
        return " ".join(word for word in (self.method, self.path, said[:300], *extras) if word)


def _register(name: str, password: str = "correct horse") -> Call:
    person = {"name": name.title(), "username": f"{name}RUN", "email": f"{name}-RUN@example.com"}
    return Call("POST", "/api/auth/register", person | {"password": password, "confirm_password": password})


def _login(name: str, password: str | None = "correct horse", address: int = 0) -> Call:
    body = {"email": f"{name}-RUN@example.com"} | ({} if password is None else {"password": password})
    return Call("POST", "/api/auth/login", body, address=address)


def _save(body: Any, user: str = "alice", **more: Any) -> Call:
    return Call("POST", "/api/presets", body, user, **more)


def _delete(body: Any, user: str = "alice", **more: Any) -> Call:
    return Call("POST", "/api/presets/delete", body, user, **more)


def _list(user: str = "alice") -> Call:
    return Call("GET", "/api/presets", user=user)


def _field(**fields: Any) -> Call:
    return _save({"presetId": "casts-RUN", **fields})


_ACCESS = [
    _list(user=""),
    _register("alice"),
    _register("alice"),
    _register("bob"),
    _register("carol", "short"),
    _login("alice"),
    _login("bob"),
    _login("alice", "wrong horse"),
    _login("nobody"),
    _login("alice", None),
    Call("POST", "/api/auth/refresh"),
    Call("POST", "/api/auth/refresh", user="alice"),
    # Once: within the same second the server makes the same cookie again, so whether it is good twice is chance.
    Call("POST", "/api/auth/refresh", cookie="refreshToken=COOKIE"),
    Call("POST", "/api/auth/refresh", cookie="refreshToken=TOKEN"),
    Call("POST", "/api/auth/refresh", cookie="refreshToken=nonsense"),
    Call("GET", "/api/presets", cookie="refreshToken=COOKIE"),
    Call("GET", "/api/presets", authorization="Bearer TOKEN"),
    Call("GET", "/api/presets", authorization="bearer   TOKEN"),
    Call("GET", "/api/presets", authorization="Bearer TOKENx"),
    Call("GET", "/api/presets", authorization="Bearer COOKIE"),
    Call("GET", "/api/presets", authorization="Bearer nonsense"),
    Call("GET", "/api/presets", authorization="Bearer a.b.c"),
    Call("GET", "/api/presets", authorization="Basic abc"),
    Call("GET", "/api/presets", authorization="Bearer"),
    Call("GET", "/api/presets/x", user="alice"),
    Call("GET", "/api/presets/x"),
    Call("PUT", "/api/presets", {}, "alice"),
    Call("DELETE", "/api/presets/x", user="alice"),
    Call("GET", "/api/presets/", user="alice"),
    Call("GET", "/api/auth/login"),
    Call("GET", "/api/nothing"),
    Call("GET", "/health"),
]

_WRITES = [
    _list(),
    _save({}),
    _save({"presetId": "", "title": "An id of the server's own"}),
    _save({"presetId": None}),
    _save({"presetId": 0}),
    _save(
        {
            "presetId": "full-RUN",
            "title": "Full",
            "endpoint": "openAI",
            "model": "m",
            "temperature": 0.7,
            "promptPrefix": "You are …\n",
            "stop": ["a", "b"],
            "tags": ["mine"],
            "max_tokens": "100",
            "top_p": 1.0,
        }
    ),
    _save({"presetId": "full-RUN", "temperature": 99}),
    _save({"presetId": "full-RUN"}),
    _save({"presetId": "full-RUN", "model": None, "top_p": None, "stop": [], "promptPrefix": ""}),
    _save({"presetId": "full-RUN", "$unset": {"title": 1}, "a.b": 2, "$set": {"title": "no"}}),
    _save(
        {
            "presetId": "full-RUN",
            "user": "somebody",
            "createdAt": "2000-01-01T00:00:00.000Z",
            "tenantId": "t",
            "updatedAt": "2000-01-01T00:00:00.000Z",
            "conversationId": "c",
            "safetySettings": [],
            "artifacts": "x",
            "top_k": 3,
            "stop_sequences": ["x"],
            "thinkingDisplay": "x",
            "unknown": 1,
        }
    ),
    _save({"presetId": "full-RUN", "_id": "000000000000000000000001"}),
    _save({"presetId": "full-RUN", "_id": "not an id"}),
    _save({"presetId": "full-RUN", "__v": 7}),
    _save({"presetId": "full-RUN"}, "bob"),
    _list("bob"),
    _save({"presetId": "other/id with spaces é RUN", "title": "Full", "endpoint": "notAnEndpoint"}),
    _save({"presetId": "full-RUN", "newPresetId": "renamed-RUN"}),
    _save({"presetId": "renamed-RUN", "newPresetId": "other/id with spaces é RUN"}),
    _save({"presetId": "never-RUN", "newPresetId": "born-RUN"}),
    _save({"presetId": ["renamed-RUN"]}),
    _save({"presetId": {"a": 1}}),
    _save([{"presetId": "in a list"}]),
    _save("{", content_type=JSON_TYPE),
    _save('"text"'),
    _save("{", user=""),
    _save('{"presetId": "twice-RUN", "title": "a", "title": "b"}'),
    _save('{"presetId": "plain-RUN"}', content_type="text/plain"),
    _save("presetId=form-RUN&title=Form&stop=a&stop=b", content_type="application/x-www-form-urlencoded"),
    _save('{"title": "' + "x" * 3_145_728 + '"}'),
    _list(),
    _delete({"presetId": "nothing-RUN"}),
    _delete({"presetId": "full-RUN"}),
    _delete({"presetId": "renamed-RUN"}, "bob"),
    _delete({"presetId": {"a": 1}}),
    _delete({"presetId": {"$ne": 1}}),
    _delete({"presetId": "renamed-RUN"}, user=""),
    _delete({"presetId": "renamed-RUN"}),
    _delete({"presetId": "renamed-RUN"}),
    _save({"presetId": "renamed-RUN", "title": "Made again"}),
    _delete({"presetId": ["renamed-RUN", "born-RUN"]}),
    _delete({"presetId": []}),
    _list(),
]

_CASTS = [
    _field(temperature="0.7", title=123, chatGptLabel=True, resendFiles="true", stop="one", order=2.5),
    _field(temperature="", tags=None, stop=[1, None, True], isArchived=None, examples=[{"output": 3}, None, {}]),
    _field(temperature=" 1e1 ", topK=True, topP=False, promptCache=1, thinking="yes", web_search="0"),
    _field(temperature="hot"),
    _field(temperature=[1]),
    _field(temperature={}),
    _field(maxOutputTokens="12x"),
    _field(promptCache="maybe"),
    _field(promptCache=2),
    _field(title=["a"]),
    _field(title={"a": 1}),
    _field(stop=[["a"]]),
    _field(stop={"a": 1}),
    _field(examples={"a": {"b.c": 1, "$d": 2, "e": [{"$f": 1}]}}),
    _field(tools=[{"pluginKey": "search"}, {"other": 1}, "plain", None, 3, {"pluginKey": 4}]),
    _field(examples=[{"a": {"b": {}, "c": 1}, "d": {"e": {}}}, [{"f": {}}]]),
    _list(),
    _field(title={"_id": "of an object"}, topK={"_id": 4}, greeting=1e-7, spec=1e20, thinkingBudget="0x10"),
    _field(title={"_id": ""}),
    _field(tools="one", file_ids=["f"], system=1.5, region=None),
    _field(tools=[]),
    _field(codeApprovalMode="anything", codeWorkspaces=[{"environmentId": "e", "workspaceId": 1, "extra": 2}]),
    _field(reasoning_effort="", reasoning_mode="pro", reasoning_context="auto", verbosity="low", effort="max"),
    _field(title=None, endpoint="google", endpointType="custom", thinkingBudget=-1, order=None),
    _list(),
]

_DEFAULTS = [
    _save({"presetId": "one-RUN", "title": "One"}),
    _save({"presetId": "two-RUN", "title": "Two", "order": 3}),
    _save({"presetId": "three-RUN", "title": "Three"}),
    _save({"presetId": "one-RUN", "defaultPreset": True, "order": 9}),
    _save({"presetId": "two-RUN", "defaultPreset": True}),
    _list(),
    _save({"presetId": "two-RUN", "title": "Still the default"}),
    _save({"presetId": "three-RUN", "defaultPreset": "maybe"}),
    _list(),
    _save({"presetId": "three-RUN", "defaultPreset": "yes"}),
    _save({"presetId": "three-RUN", "defaultPreset": None}),
    _save({"presetId": "three-RUN", "defaultPreset": False, "order": 4}),
    _save({"presetId": "one-RUN", "title": "One"}),
    _list(),
    _save({"presetId": "of-bob-RUN"}, "bob"),
    _delete({"preset_id": "one-RUN"}),
    _list(),
    _list("bob"),
    *(
        step
        for body, content_type in (({}, JSON_TYPE), ({"presetId": ""}, JSON_TYPE), ({"presetId": None}, JSON_TYPE),
                                   ([], JSON_TYPE), ("", JSON_TYPE), ('{"presetId": "x"}', "text/plain"))
        for step in (_save({"presetId": "one-RUN"}), _save({"presetId": "two-RUN"}),
                     _delete(body, content_type=content_type))
    ),
    _list(),
    _delete({"presetId": "of-bob-RUN"}, "bob"),
]  # fmt: skip

_LIMIT = [_login("bob", "wrong horse", address=1) for _ in range(9)]

SCENARIO = [*_ACCESS, *_WRITES, *_CASTS, *_DEFAULTS, *_LIMIT]
"""Fits a server that allows seven logins in five minutes from one address, as it does unless told otherwise."""


def play(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """Makes every call of the scenario through ``client`` and yields what it was and what came back, masked."""
    run = _Run()
    for call in SCENARIO:
        response = client.send(run.request(client, call))
        client.cookies.clear()
        yield {"call": call.title, "status": response.status_code, **run.reply(call, response)}


_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_ID = re.compile(r"\b[0-9a-f]{24}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
_ROLE = re.compile(r'"role":"(ADMIN|USER)"')
_SHOWN_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining")


class _Run:
    """What one run of the scenario remembers from one call to the next."""

    def __init__(self) -> None:
        self._word = f"r{token_hex(4)}"
        self._network = f"10.{randbelow(256)}.{randbelow(256)}"
        self._ids: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._first: dict[str, str] = {"TOKEN": "", "COOKIE": ""}

    def request(self, client: httpx.Client, call: Call) -> httpx.Request:
        # The limiter counts by address, and the server believes the proxy that it expects to stand before it.
        headers = {"X-Forwarded-For": f"{self._network}.{call.address}"}
        authorization = f"Bearer {self._tokens[call.user]}" if call.user else call.authorization
        if authorization:
            headers["Authorization"] = self._filled(authorization)
        if call.cookie:
            headers["Cookie"] = self._filled(call.cookie)
        return client.build_request(call.method, call.path, content=self._content(call, headers), headers=headers)

    def reply(self, call: Call, response: httpx.Response) -> dict[str, Any]:
        self._remember(call, response)
        text = self._masked(response.text)
        kind = response.headers.get("content-type", "")
        shown: dict[str, Any] = {"type": kind, "body": json.loads(text) if kind.startswith(JSON_TYPE) else text}
        cookies = [_shape(cookie) for cookie in response.headers.get_list("set-cookie")]
        headers = {name: response.headers[name] for name in _SHOWN_HEADERS if name in response.headers}
        headers |= {"retry-after": "<seconds>"} if response.headers.get("retry-after", "").isdigit() else {}
        return shown | ({"cookies": cookies} if cookies else {}) | ({"headers": headers} if headers else {})

    def _content(self, call: Call, headers: dict[str, str]) -> bytes | None:
        if call.body is None:
            return None
        headers["Content-Type"] = call.content_type
        text = call.body if isinstance(call.body, str) else json.dumps(call.body)
        return text.replace("RUN", self._word).encode()

    def _filled(self, text: str) -> str:
        return text.replace("TOKEN", self._first["TOKEN"]).replace("COOKIE", self._first["COOKIE"])

    def _remember(self, call: Call, response: httpx.Response) -> None:
        if call.path != "/api/auth/login" or response.status_code != 200:
            return
        token, cookie = response.json()["token"], response.headers["set-cookie"]
        self._tokens[call.body["email"].partition("-")[0]] = token
        if not self._first["TOKEN"]:
            self._first = {"TOKEN": token, "COOKIE": cookie.partition(";")[0].partition("=")[2]}

    def _masked(self, text: str) -> str:
        text = _TIME.sub("<time>", _JWT.sub("<token>", text)).replace(self._word, "RUN")
        return _ID.sub(self._numbered, _ROLE.sub('"role":"<role>"', text))

    def _numbered(self, found: re.Match[str]) -> str:
        kind = "uuid" if "-" in found[0] else "id"
        return self._ids.setdefault(found[0], f"<{kind} {len(self._ids) + 1}>")


def _shape(cookie: str) -> list[str]:
    """A cookie's name and attributes, without what they say where it is another each time."""
    name, *attributes = re.sub(r"=eyJ[^;]*|(?<=Expires)=[^;]*", "", cookie).split("; ")
    return [name, *sorted(attributes)]
