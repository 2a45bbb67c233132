"""Things are broken on purpose here, and what was told is compared with what happened."""
