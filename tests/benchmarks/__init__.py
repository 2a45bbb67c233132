"""How long presetctl's commands take, measured side by side with other tools that do the same work."""
