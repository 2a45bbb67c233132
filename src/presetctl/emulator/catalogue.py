"""The handful of models that GET /models knows."""

from __future__ import annotations

from presetctl.emulator.jsontext import Json

_CREATED = 1767225600

# id, name, context, most tokens out, dollars per token in, dollars per token out, input modalities
_MODELS: tuple[tuple[str, str, int, int, str, str, tuple[str, ...]], ...] = (
    ("openai/gpt-5.4", "OpenAI: GPT-5.4", 400_000, 128_000, "0.00000125", "0.00001", ("text", "image", "file")),
    ("openai/gpt-5.4-mini", "OpenAI: GPT-5.4 Mini", 400_000, 128_000, "0.00000025", "0.000002", ("text", "image")),
    ("openai/gpt-4o", "OpenAI: GPT-4o", 128_000, 16_384, "0.0000025", "0.00001", ("text", "image", "file")),
    (
        "anthropic/claude-sonnet-4.5",
        "Anthropic: Claude Sonnet 4.5",
        1_000_000,
        64_000,
        "0.000003",
        "0.000015",
        ("text", "image", "file"),
    ),
    ("anthropic/claude-haiku-4.5", "Anthropic: Claude Haiku 4.5", 200_000, 64_000, "0.000001", "0.000005", ("text",)),
    ("google/gemini-2.5-pro", "Google: Gemini 2.5 Pro", 1_048_576, 65_536, "0.00000125", "0.00001", ("text", "image")),
    ("google/gemini-2.5-flash", "Google: Gemini 2.5 Flash", 1_048_576, 65_535, "0.0000003", "0.0000025", ("text",)),
    ("meta-llama/llama-3.3-70b-instruct", "Meta: Llama 3.3 70B", 131_072, 16_384, "0.0000001", "0.00000032", ("text",)),
)

_PARAMETERS: tuple[str, ...] = (
    "max_tokens",
    "reasoning",
    "response_format",
    "seed",
    "stop",
    "structured_outputs",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
)


def models() -> list[Json]:
    """The rows of GET /models."""
    return [_row(*model) for model in _MODELS]


def _row(model: str, name: str, context: int, most: int, prompt: str, completion: str, inputs: tuple[str, ...]) -> Json:
    return {
        "id": model,
        "canonical_slug": model,
        "name": name,
        "created": _CREATED,
        "description": name,
        "context_length": context,
        "architecture": {
            "modality": f"{'+'.join(inputs)}->text",
            "input_modalities": list(inputs),
            "output_modalities": ["text"],
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": {"prompt": prompt, "completion": completion, "request": "0", "image": "0"},
        "top_provider": {"context_length": context, "max_completion_tokens": most, "is_moderated": False},
        "per_request_limits": None,
        "supported_parameters": list(_PARAMETERS),
    }
