"""What looks like a key is found, and nothing else is. Every key here is drawn anew from a fixed seed."""

from __future__ import annotations

import random
import string
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.domain.problem import Severity
from presetctl.secrets import secret_problems
from tests.keys import LETTERS, drawn, private_key, web_token

HEX, WIDE, UPPER = "0123456789abcdef", f"{LETTERS}-_", string.ascii_uppercase + "234567"

KEYS = {
    "an OpenRouter key (`sk-or-…`)": ["sk-or-v1-" + drawn(HEX, 64), "sk-or-" + drawn(LETTERS, 40)],
    "an Anthropic key (`sk-ant…`)": ["sk-ant-api03-" + drawn(WIDE, 93) + "AA"],
    "an OpenAI key (`sk-pro…`)": ["sk-proj-" + drawn(WIDE, 120)],
    "an OpenAI key (`sk-svc…`)": ["sk-svcacct-" + drawn(WIDE, 120)],
    "an OpenAI key (`sk-adm…`)": ["sk-admin-" + drawn(WIDE, 120)],
    "an API key (`sk-…`)": ["sk-" + drawn(LETTERS, 48), "sk-" + drawn(HEX, 32)],
    "a Stripe key (`sk_liv…`)": ["sk_live_" + drawn(LETTERS, 24)],
    "an AWS access key (`AKIA…`)": ["AKIA" + drawn(UPPER, 16)],
    "an AWS access key (`ASIA…`)": ["ASIA" + drawn(UPPER, 16)],
    "a GitHub token (`ghp_…`)": ["ghp_" + drawn(LETTERS, 36)],
    "a GitHub token (`ghs_…`)": ["ghs_" + drawn(LETTERS, 36)],
    "a GitHub token (`github…`)": ["github_pat_" + drawn(LETTERS, 22) + "_" + drawn(LETTERS, 59)],
    "a GitLab token (`glpat-…`)": ["glpat-" + drawn(LETTERS, 20)],
    "a Google key (`AIza…`)": ["AIza" + drawn(WIDE, 34) + "x"],
    "a Hugging Face token (`hf_…`)": ["hf_" + drawn(LETTERS, 34)],
    "a Groq key (`gsk_…`)": ["gsk_" + drawn(LETTERS, 52)],
    "an xAI key (`xai-…`)": ["xai-" + drawn(LETTERS, 80)],
    "a Slack token (`xoxb-…`)": ["xoxb-" + drawn("0123456789", 12) + "-" + drawn(LETTERS, 24)],
    "a Slack token (`xoxp-…`)": ["xoxp-" + drawn("0123456789", 12) + "-" + drawn(LETTERS, 32)],
    "a JSON Web Token (`eyJ…`)": [web_token()],
    "a private key (`-----B…`)": [
        private_key("PRIVATE KEY"),
        private_key("RSA PRIVATE KEY"),
        private_key("OPENSSH PRIVATE KEY").replace("\n", "\\n"),
        private_key("PGP PRIVATE KEY BLOCK").replace("-----\n", "-----\n\n", 1),
        private_key("EC PRIVATE KEY").replace("\n", "\r\n    "),
    ],
}
EVERY = [(kind, key) for kind, keys in KEYS.items() for key in keys]

HARMLESS = [
    "",
    "sk-or-v1-...",
    "sk-or-v1-…",
    "sk-or-v1-YOUR_KEY",
    "sk-or-v1-<64 hex digits>",
    "sk-or-v1-" + "x" * 64,
    "sk-or-v1-" + "0" * 64,
    "sk-or-v1-" + "0123456789abcdef" * 4,
    "sk-or-v1-" + "ab" * 32,
    "sk-or-v1-" + drawn(HEX, 20),
    "sk-ant-api03-YOUR-KEY-GOES-HERE-0000",
    "sk-ant-your-anthropic-api-key-goes-here",
    "sk-proj-placeholder-placeholder-placeholder",
    "sk-proj-my-api-key-for-the-second-project",
    "sk-learn pipelines, task-oriented, risk-adjusted and ask-me-anything: disk-" + drawn(LETTERS, 40),
    "a-sk-" + drawn(LETTERS, 48),
    "AKIAIOSFODNN7EXAMPLE",
    "AKIA, ASIA: " + drawn(UPPER, 16),
    "XAKIA" + drawn(UPPER, 16),
    "ghp_" + "x" * 36,
    "ghp_your_token_here_0123456789012345678901",
    "ghp_short",
    "github_pat_ is how fine-grained tokens start",
    "AIzaSy...",
    "AIza" + drawn(WIDE, 60),
    "xoxb-your-bot-token-goes-here",
    "Never repeat text that starts with -----BEGIN PRIVATE KEY-----, and never write one.",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\n" + drawn(LETTERS, 64) + "\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----\n" + drawn(LETTERS, 64) + "\n-----END CERTIFICATE-----",
    "eyJhbGciOi is how tokens start; eyJ.eyJ.x is none",
    "eyJ" + drawn(LETTERS, 300),
    "Bearer $OPENROUTER_API_KEY",
    "${{ secrets.OPENROUTER_API_KEY }}",
    "api_key_env: OPENROUTER_API_KEY",
    str(uuid.UUID(int=random.Random(1).getrandbits(128), version=4)),
    "sha256:" + drawn(HEX, 64),
    "sha512-" + drawn(f"{LETTERS}+/", 86) + "==",
    drawn(HEX, 40),
    "data:image/png;base64," + drawn(f"{LETTERS}+/", 4000),
    "gen-1745000000-" + drawn(LETTERS, 20),
    "https://example.com/a?b=" + drawn(LETTERS, 60),
    "openai/gpt-5.4-mini, anthropic/claude-sonnet-4.5:beta, x-ai/grok-4, meta-llama/llama-3.3-70b-instruct",
    "The risk-averse desk-based clerk asks: is the task-list done? 100 % — naïve façade, 你好, 😀.",
]


@pytest.mark.parametrize(("kind", "key"), EVERY)
def test_a_key_is_found_wherever_it_stands(kind: str, key: str) -> None:
    for before, after in [("", ""), ("api_key: ", ""), ('say: "', '"'), ("(", ")."), ("`", "`"), ("Bearer ", "\n")]:
        (found,) = secret_problems(f"one\n\n{before}{key}{after}", "presets/a.yaml")
        assert str(found.location) == f"presets/a.yaml:3:{len(before) + 1}"
        assert (found.rule, found.severity) == ("secret", Severity.ERROR)
        assert found.message == f"this looks like {kind}"
        assert "allow-secret" in found.suggestion


@pytest.mark.parametrize(("kind", "key"), EVERY)
def test_a_key_is_not_told(kind: str, key: str) -> None:
    (found,) = secret_problems(key, "a.md")
    shown = f"{found}{found!r}{found.message}{found.suggestion}"
    assert not [start for start in range(7, len(key) - 8) if key[start : start + 8] in shown]
    assert key[-8:] not in shown
    assert key[:12] not in shown


@pytest.mark.parametrize("text", HARMLESS, ids=range(len(HARMLESS)))
def test_what_only_reminds_of_a_key_is_left_alone(text: str) -> None:
    assert secret_problems(text, "a.md") == ()


@pytest.mark.parametrize("prefix", ["sk-or-v1-", "sk-", "ghp_", "AIza"])
def test_keys_are_found_however_they_were_drawn(prefix: str) -> None:
    """Nothing that is taken for the mark of a placeholder comes up by chance."""
    alphabet, length = {"sk-or-v1-": (HEX, 64), "sk-": (LETTERS, 48), "ghp_": (LETTERS, 36), "AIza": (WIDE, 35)}[prefix]
    source = random.Random(prefix)
    missed = 0
    for _ in range(5000):
        key = prefix + "".join(source.choices(alphabet, k=length))
        missed += not secret_problems(key, "f")
    assert missed <= 5


KEY = KEYS["an OpenRouter key (`sk-or-…`)"][0]


@pytest.mark.parametrize(
    "text",
    [
        f"key: {KEY}  # presetctl: allow-secret",
        f"key: {KEY}  #presetctl:allow-secret (revoked in 2024)",
        f"# presetctl: allow-secret\nkey: {KEY}",
        f"a: 1\n  # presetctl: allow-secret, it is made up\r\n  key: {KEY}",
        f"<!-- presetctl: allow-secret -->\n{KEY}\n",
        f"{KEY} <!-- presetctl: allow-secret -->",
        f"# presetctl: allow-secret\n- [{KEY}, {KEY}]",
    ],
)
def test_a_comment_on_the_line_or_alone_above_it_allows_a_key(text: str) -> None:
    assert secret_problems(text, "f") == ()


@pytest.mark.parametrize(
    "text",
    [
        f"# presetctl: allow-secret\n\nkey: {KEY}",
        f"key: {KEY}\n# presetctl: allow-secret",
        f"x: 1  # presetctl: allow-secret\nkey: {KEY}",
        f"# presetctl: allow-secrets\nkey: {KEY}",
        f"presetctl: allow-secret\nkey: {KEY}",
        f"# allow-secret\nkey: {KEY}",
    ],
)
def test_no_other_comment_does(text: str) -> None:
    assert len(secret_problems(text, "f")) == 1


def test_each_key_is_a_problem_in_order_of_place() -> None:
    keys = [key for _, key in EVERY if "\n" not in key]
    found = secret_problems("".join(f"{key}\n" for key in reversed(keys)), "f")
    assert [problem.location.line for problem in found] == list(range(1, len(keys) + 1))
    found = secret_problems(f"{KEY} {KEY}", "f")
    assert [problem.location.column for problem in found] == [1, len(KEY) + 2]


def test_of_very_many_the_first_hundred_are_told() -> None:
    found = secret_problems(f"{KEY}\n" * 10_000, "f")
    assert [problem.location.line for problem in found] == list(range(1, 101))


PIECES = ["sk-", "sk-or-v1-", "sk-a", "eyJ", "eyJ-", "eyJaaaaaaaaa.", "AKIA", "ghp_", "xoxb-", "-----BEGIN "]
PIECES += ["-----BEGIN PRIVATE KEY-----", f"-----BEGIN PRIVATE KEY-----{'A' * 39} ", "#", "# presetctl: ", "<!--"]
PIECES += [f"{KEY} ", f"{KEY} # presetctl: allow-secret ", "\n", "a"]


@pytest.mark.parametrize("piece", PIECES, ids=range(len(PIECES)))
def test_no_text_takes_long(piece: str) -> None:
    start = time.monotonic()
    secret_problems(piece * (1024 * 1024 // len(piece)), "f")
    assert time.monotonic() - start < 20


@given(st.lists(st.sampled_from(["sk-", "or-", "v1-", KEY, "\n", "\r\n", " ", "# presetctl: allow-secret", "é", "x"])))
def test_places_are_real(pieces: list[str]) -> None:
    text = "".join(pieces)
    for problem in secret_problems(text, "f"):
        line = text.split("\n")[problem.location.line - 1]
        assert line[problem.location.column - 1 :].startswith("sk-")
