"""``python -m presetctl``: the same as the console script."""

from presetctl.cli.main import main

if __name__ == "__main__":
    main()
