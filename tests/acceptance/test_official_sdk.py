"""The official Python SDK talks to the emulator on a real port as it would to OpenRouter."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from presetctl.emulator.app import Emulator, KeyGrant, create_app
from presetctl.emulator.server import serve

if TYPE_CHECKING:
    from openrouter import OpenRouter

SYSTEM: Any = {"role": "system", "content": "You are a helpful assistant."}
USER: Any = {"role": "user", "content": "Hi"}


@pytest.fixture(scope="module", autouse=True)
def sdk_module() -> None:
    """Imports the SDK once; what it warns of while being imported is no concern of these tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import openrouter
        import openrouter.presets  # noqa: F401 - the SDK imports this part only when it is first used


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    keys = [KeyGrant("sk-test", "team"), KeyGrant("sk-read", "team", "read")]
    with create_app(keys=keys) as app:
        yield app


@pytest.fixture
def url(emulator: Emulator) -> Iterator[str]:
    with serve(emulator) as base:
        yield base


def make_sdk(url: str, key: str) -> OpenRouter:
    from openrouter import OpenRouter
    from openrouter.utils import BackoffStrategy, RetryConfig

    no_retries = RetryConfig("none", BackoffStrategy(1, 1, 1, 1), retry_connection_errors=False)
    return OpenRouter(api_key=key, server_url=url, retry_config=no_retries, timeout_ms=10_000)


@pytest.fixture
def sdk(url: str) -> Iterator[OpenRouter]:
    with make_sdk(url, "sk-test") as client:
        yield client


def test_create_through_chat_and_get(sdk: OpenRouter) -> None:
    made = sdk.presets.create_presets_chat_completions(
        slug="mail",
        messages=[SYSTEM, USER],
        model="openai/gpt-5.4",
        temperature=0.7,
        provider={"sort": "price", "data_collection": "deny"},
    ).data
    assert (made.slug, made.name, made.description, made.status) == ("mail", "mail", None, "active")
    version = made.designated_version
    assert version
    assert (version.version, version.system_prompt) == (1, "You are a helpful assistant.")
    assert version.config == {
        "model": "openai/gpt-5.4",
        "temperature": 0.7,
        "provider": {"sort": "price", "data_collection": "deny"},
    }
    assert sdk.presets.get(slug="mail").data == made


def test_create_through_messages(sdk: OpenRouter) -> None:
    version = sdk.presets.create_presets_messages(
        slug="mail", model="anthropic/claude-sonnet-4.5", messages=[USER], system="Be kind.", max_tokens=1024
    ).data.designated_version
    assert version
    assert version.config == {"model": "anthropic/claude-sonnet-4.5", "max_tokens": 1024}
    assert version.system_prompt == "Be kind."


def test_create_through_responses(sdk: OpenRouter) -> None:
    version = sdk.presets.create_presets_responses(
        slug="mail", model="openai/gpt-5.4", input="Hi", instructions="Be brave.", temperature=1
    ).data.designated_version
    assert version
    assert version.system_prompt == "Be brave."
    # The SDK sends defaults of its own; of these the service tier is config.
    assert version.config == {"model": "openai/gpt-5.4", "temperature": 1, "service_tier": "auto"}


def test_versions(sdk: OpenRouter) -> None:
    for temperature in (0.1, 0.2, 0.3):
        sdk.presets.create_presets_chat_completions(
            slug="mail", messages=[USER], model="openai/gpt-5.4", temperature=temperature
        )
    page: Any = sdk.presets.list_versions(slug="mail", limit=2)
    assert page.result.total_count == 3
    rest = page.next()
    assert [row.version for row in (*page.result.data, *rest.result.data)] == [1, 2, 3]
    assert rest.next() is None
    second = sdk.presets.get_version(slug="mail", version="2").data
    assert second
    assert second.config["temperature"] == 0.2


def test_list_pages(sdk: OpenRouter, emulator: Emulator) -> None:
    for index in range(5):
        emulator.dashboard_save("team", f"p{index}", {"model": "openai/gpt-5.4"})
    page: Any = sdk.presets.list(limit=2)
    slugs: list[str] = []
    while page:
        assert page.result.total_count == 5
        slugs += [row.slug for row in page.result.data]
        page = page.next()
    assert slugs == ["p4", "p3", "p2", "p1", "p0"]


def test_errors_have_the_shape_that_the_sdk_expects(sdk: OpenRouter, url: str, emulator: Emulator) -> None:
    from openrouter import errors

    with pytest.raises(errors.NotFoundResponseError, match="Resource not found"):
        sdk.presets.get(slug="nowhere")
    with pytest.raises(errors.BadRequestResponseError, match="temperature: Too big"):
        sdk.presets.create_presets_chat_completions(slug="mail", messages=[USER], temperature=9.5)
    emulator.dashboard_save("team", "mail", {})
    emulator.dashboard_set_status("team", "mail", "disabled")
    with pytest.raises(errors.ConflictResponseError, match="disabled"):
        sdk.presets.create_presets_responses(slug="mail")
    with make_sdk(url, "sk-read") as reader, pytest.raises(errors.ForbiddenResponseError):
        reader.presets.create_presets_responses(slug="mail")
    with make_sdk(url, "sk-wrong") as stranger, pytest.raises(errors.UnauthorizedResponseError):
        stranger.presets.list()
