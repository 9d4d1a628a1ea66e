"""`python -m tsym_tui` is `tsym`."""

from tsym_tui.cli.main import run

if __name__ == "__main__":
    run()
