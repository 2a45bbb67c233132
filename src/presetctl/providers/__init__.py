"""Adapters to the workspaces, one module per provider, over one HTTP module."""
