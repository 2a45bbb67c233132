"""The command line: one thin file per command. Only here is anything printed."""
