"""A LibreChat presets API on SQLite, with the quirks of the real one: another independent witness."""
