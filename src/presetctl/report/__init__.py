"""Values in, text out. Nothing in here prints."""
