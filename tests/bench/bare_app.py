"""The smallest Textual app: what any first frame costs."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class BareApp(App[None]):
    """One widget with one word."""

    def compose(self) -> ComposeResult:
        """Show the word that the benchmark waits for."""
        yield Static("painted")


if __name__ == "__main__":
    BareApp().run()
