"""A line being typed: text and cursor, and what keys do to it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tsym_agent.model.text import printable


@dataclass(slots=True)
class LineText:
    """One line of text with a cursor, `at` characters from its beginning."""

    text: str = ""
    at: int = 0

    @property
    def around_cursor(self) -> tuple[str, str, str]:
        """Return what is before the cursor, the character under it, and what follows."""
        return self.text[: self.at], self.text[self.at : self.at + 1], self.text[self.at + 1 :]

    def insert(self, text: str) -> None:
        """Put printable text in at the cursor."""
        clean = printable(text.replace("\t", " "))
        self.text = self.text[: self.at] + clean + self.text[self.at :]
        self.at += len(clean)

    def press(self, key: str, character: str | None) -> bool:
        """Act on a key, named as Textual does; says whether it meant anything."""
        if character is not None:
            self.insert(character)
            return True
        match key:
            case "backspace" | "ctrl+h":
                self._cut(max(0, self.at - 1), self.at)
            case "delete" | "ctrl+d":
                self._cut(self.at, self.at + 1)
            case "ctrl+u":
                self._cut(0, self.at)
            case "ctrl+k":
                self._cut(self.at, len(self.text))
            case "ctrl+w":
                self._cut(self._word_start(), self.at)
            case "left" | "ctrl+b":
                self.at = max(0, self.at - 1)
            case "right" | "ctrl+f":
                self.at = min(len(self.text), self.at + 1)
            case "home" | "ctrl+a":
                self.at = 0
            case "end" | "ctrl+e":
                self.at = len(self.text)
            case _:
                return False
        return True

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.at = start

    def _word_start(self) -> int:
        return len(self.text[: self.at].rstrip().rpartition(" ")[0]) + (" " in self.text[: self.at].rstrip())
