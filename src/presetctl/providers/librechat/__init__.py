"""LibreChat's presets API: one user's presets behind a login, on a server that checks nothing and promises nothing."""
