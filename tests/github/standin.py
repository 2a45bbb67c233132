"""GitHub on loopback, as its documentation says it behaves, for the few calls that presetctl makes.

Comments, issues and pull requests live in memory. Lists come in pages with a ``Link`` header, tokens have a login and
permissions, refusals have GitHub's shapes, and ``faults`` makes the next requests go wrong.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

PREFIX = "/api/v3"
REPOSITORY = "octo-org/presets"
REPOSITORY_ID = 1296269
BOT = "github-actions[bot]"
TOKEN = "ghs_" + "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5"
BODY_LIMIT = 65_536
Row = dict[str, Any]


@dataclass(frozen=True)
class Token:
    """Whose token it is, and what it may."""

    login: str = BOT
    writes: bool = True


@dataclass(frozen=True)
class Answer:
    """One reply; ``body`` is JSON, or bytes as they are."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request that matches ``METHOD path``: an answer, or none at all.

    With ``done`` the request takes effect all the same.
    """

    match: str
    answer: Answer | None = None
    done: bool = False


LOST = Fault("POST ", None, done=True)
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


class RefusedError(Exception):
    """A reply that isn't the wanted one."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refused(status: int, message: str, **more: Any) -> RefusedError:
    return RefusedError(
        Answer(status, {"message": message, "documentation_url": "https://docs.github.com/rest", **more})
    )


@dataclass
class StandIn:
    """One repository."""

    url: str = ""
    tokens: dict[str, Token] = field(default_factory=lambda: {TOKEN: Token()})
    comments: list[Row] = field(default_factory=list)
    issues: list[Row] = field(default_factory=list)
    pulls: list[Row] = field(default_factory=list)
    commits: dict[str, list[int]] = field(default_factory=dict)
    """Which pull requests a commit belongs to."""
    heads: dict[str, str] = field(default_factory=dict)
    """The newest commits of branches, as far as it matters."""
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """The Authorization headers that came in."""
    link_to: str = ""
    """Another base address for the links to further pages."""
    issues_off: bool = False
    lock: Lock = field(default_factory=Lock)

    # what people and git do

    def open_pull(self, head: str, branch: str = "change", repository: str | None = REPOSITORY) -> int:
        """A new pull request from ``branch`` at commit ``head``; gives its number."""
        number = self._next()
        repo = None if repository is None else {"full_name": repository, "owner": {"login": repository.split("/")[0]}}
        self.pulls.append({
            "number": number, "state": "open", "merged_at": None, "merge_commit_sha": None,
            "html_url": f"https://github.example/{REPOSITORY}/pull/{number}",
            "head": {"sha": head, "ref": branch, "repo": repo}, "base": {"ref": "main"},
        })  # fmt: skip
        return number

    def push(self, number: int, head: str) -> None:
        self.pull(number)["head"]["sha"] = head

    def merge(self, number: int, merged: str, *brought: str, at: str = "2026-11-21T10:00:00Z") -> None:
        """Merges a pull request: ``merged`` is the commit on the main branch, ``brought`` are others that came too."""
        self.pull(number).update(state="closed", merged_at=at, merge_commit_sha=merged)
        for commit in (merged, *brought):
            self.commits.setdefault(commit, []).append(number)

    def pull(self, number: int) -> Row:
        return next(pull for pull in self.pulls if pull["number"] == number)

    def comment(self, number: int, login: str | None, body: str | None) -> Row:
        """Somebody comments."""
        made = {
            "id": 1000 + len(self.comments), "issue": number, "body": body,
            "user": None if login is None else {"login": login, "type": "Bot" if "[bot]" in login else "User"},
            "html_url": f"https://github.example/{REPOSITORY}/pull/{number}#issuecomment-{1000 + len(self.comments)}",
        }  # fmt: skip
        self.comments.append(made)
        return made

    def issue(self, login: str, body: str | None, **more: Any) -> Row:
        """Somebody opens an issue."""
        number = self._next()
        made = {
            "id": 9000 + number, "number": number, "state": "open", "state_reason": None, "title": "", "body": body,
            "labels": [], "user": {"login": login, "type": "User"},
            "html_url": f"https://github.example/{REPOSITORY}/issues/{number}", **more,
        }  # fmt: skip
        self.issues.append(made)
        return made

    def _next(self) -> int:
        return len(self.pulls) + len(self.issues) + 1

    # what the API does

    def answer(self, method: str, target: str, token: str, body: bytes) -> Answer | None:
        """The reply to a request; None where the connection is to break without one."""
        with self.lock:
            self.requests.append((method, target))
            fault = next((f for f in self.faults if f"{method} {target}".startswith(f.match)), None)
            if fault is not None:
                self.faults.remove(fault)
                if fault.done:
                    self._answer(method, target, token, body)
                return fault.answer
            return self._answer(method, target, token, body)

    def _answer(self, method: str, target: str, token: str, body: bytes) -> Answer:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        try:
            who = self._who(token)
            for pattern, handle in self._routes(method):
                found = re.fullmatch(
                    f"{PREFIX}(?:/repos/{REPOSITORY}|/repositories/{REPOSITORY_ID}){pattern}", parts.path
                )
                if found is not None:
                    return handle(who, query, json.loads(body) if body else {}, *found.groups())
            raise refused(404, "Not Found")
        except RefusedError as no:
            return no.answer

    def _who(self, token: str) -> Token:
        if token not in self.tokens:
            raise refused(401, "Bad credentials")
        return self.tokens[token]

    def _routes(self, method: str) -> Sequence[tuple[str, Callable[..., Answer]]]:
        return {
            "GET": [
                (r"/issues/(\d+)/comments", self._list_comments),
                ("/issues", self._list_issues),
                ("/pulls", self._list_pulls),
                (r"/commits/([0-9a-f]+)/pulls", self._list_commit_pulls),
            ],
            "POST": [
                (r"/issues/(\d+)/comments", self._post_comment),
                ("/issues", self._post_issue),
                ("/pulls", self._post_pull),
            ],
            "PATCH": [(r"/issues/comments/(\d+)", self._patch_comment), (r"/issues/(\d+)", self._patch_issue)],
        }.get(method, [])  # type: ignore[return-value]

    def _page(self, path: str, query: dict[str, str], rows: list[Row]) -> Answer:
        size, page = min(int(query.get("per_page", "30")), 100), int(query.get("page", "1"))
        last = max(1, -(-len(rows) // size))
        links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        shown = {
            name: number
            for name, number in links.items()
            if 1 <= number <= last and (name in {"prev", "next"} or last > 1)
        }
        base = f"{self.link_to or self.url}/repositories/{REPOSITORY_ID}{path}"
        header = ", ".join(
            f'<{base}?{urlencode({**query, "page": number})}>; rel="{name}"' for name, number in shown.items()
        )
        return Answer(200, rows[(page - 1) * size : page * size], {"Link": header} if header else {})

    def _known(self, number: str) -> int:
        if int(number) not in {row["number"] for row in [*self.pulls, *self.issues]}:
            raise refused(404, "Not Found")
        return int(number)

    def _list_comments(self, who: Token, query: dict[str, str], _: Any, number: str) -> Answer:
        held = self._known(number)
        return self._page(f"/issues/{number}/comments", query, [row for row in self.comments if row["issue"] == held])

    def _post_comment(self, who: Token, query: dict[str, str], sent: Any, number: str) -> Answer:
        self._may_write(who)
        held = self._known(number)
        self._check_body(sent, "IssueComment")
        return Answer(201, self.comment(held, who.login, sent["body"]))

    def _patch_comment(self, who: Token, query: dict[str, str], sent: Any, number: str) -> Answer:
        self._may_write(who)
        found = next((row for row in self.comments if row["id"] == int(number)), None)
        if found is None:
            raise refused(404, "Not Found")
        self._check_body(sent, "IssueComment")
        found["body"] = sent["body"]
        return Answer(200, found)

    def _list_issues(self, who: Token, query: dict[str, str], _: Any) -> Answer:
        if self.issues_off:
            raise refused(410, "Issues has been disabled in this repository.")
        state = query.get("state", "open")
        pulls = [
            {**pull, "id": pull["number"], "pull_request": {}, "body": "", "user": {"login": "octocat"}}
            for pull in self.pulls
        ]
        rows = [row for row in [*self.issues, *pulls] if state in {"all", row["state"]}]
        rows = [row for row in rows if query.get("creator", row["user"]["login"]) == row["user"]["login"]]
        rows.sort(key=lambda row: row["number"], reverse=query.get("direction", "desc") == "desc")
        return self._page("/issues", query, rows)

    def _post_issue(self, who: Token, query: dict[str, str], sent: Any) -> Answer:
        self._may_write(who)
        if self.issues_off:
            raise refused(410, "Issues has been disabled in this repository.")
        self._check_body(sent, "Issue")
        if not sent.get("title"):
            raise refused(
                422, "Validation Failed", errors=[{"resource": "Issue", "field": "title", "code": "missing_field"}]
            )
        labels = [{"name": name} for name in sent.get("labels", [])]
        return Answer(201, self.issue(who.login, sent["body"], title=sent["title"], labels=labels))

    def _patch_issue(self, who: Token, query: dict[str, str], sent: Any, number: str) -> Answer:
        self._may_write(who)
        found = next((row for row in self.issues if row["number"] == int(number)), None)
        if found is None:
            raise refused(404, "Not Found")
        if "body" in sent:
            self._check_body(sent, "Issue")
        found.update({key: sent[key] for key in ("title", "body", "state", "state_reason") if key in sent})
        return Answer(200, found)

    def _list_pulls(self, who: Token, query: dict[str, str], _: Any) -> Answer:
        def is_meant(pull: Row) -> bool:
            owner, _, branch = query.get("head", "").partition(":")
            repo = pull["head"]["repo"]
            of = repo is not None and (repo["owner"]["login"], pull["head"]["ref"]) == (owner, branch)
            return pull["state"] == query.get("state", "open") and (of or "head" not in query)

        return self._page("/pulls", query, [pull for pull in self.pulls if is_meant(pull)])

    def _post_pull(self, who: Token, query: dict[str, str], sent: Any) -> Answer:
        self._may_write(who)
        if any(pull["head"]["ref"] == sent["head"] and pull["state"] == "open" for pull in self.pulls):
            raise refused(422, "Validation Failed", errors=[{"resource": "PullRequest", "code": "custom"}])
        made = self.pull(self.open_pull(self.heads.get(sent["head"], "0" * 40), sent["head"]))
        made.update(title=sent["title"], body=sent["body"])
        made["base"]["ref"] = sent["base"]
        return Answer(201, made)

    def _list_commit_pulls(self, who: Token, query: dict[str, str], _: Any, commit: str) -> Answer:
        known = {*self.commits, *(pull["head"]["sha"] for pull in self.pulls)}
        if commit not in known:
            raise refused(422, f"No commit found for SHA: {commit}")
        numbers = self.commits.get(commit, [])
        rows = [pull for pull in self.pulls if pull["number"] in numbers or pull["head"]["sha"] == commit]
        return self._page(f"/commits/{commit}/pulls", query, rows)

    def _may_write(self, who: Token) -> None:
        if not who.writes:
            raise refused(403, "Resource not accessible by integration")

    def _check_body(self, sent: Any, resource: str) -> None:
        body = sent.get("body")
        if not isinstance(body, str) or not body.strip() or len(body.encode("utf-16-le")) // 2 > BODY_LIMIT:
            error = {
                "resource": resource,
                "field": "body",
                "code": "custom",
                "message": "body is too long (maximum is 65536 characters)",
            }
            raise refused(422, "Validation Failed", errors=[error])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # a whole reply at once: in two pieces the second one waits for an acknowledgement
    disable_nagle_algorithm = True
    hub: StandIn

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = self.headers.get("Authorization", "")
        self.hub.keys.append(key)
        answer = self.hub.answer(self.command, self.path, key.removeprefix("Bearer "), body)
        if answer is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            **answer.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = _respond  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """GitHub on a free port of this machine; ``url`` is the base address of its API."""
    hub = StandIn()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}{PREFIX}"
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield hub
        finally:
            server.shutdown()
