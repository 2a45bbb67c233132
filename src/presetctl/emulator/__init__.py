"""An OpenRouter presets API on SQLite: an independent witness that imports nothing else of presetctl."""
