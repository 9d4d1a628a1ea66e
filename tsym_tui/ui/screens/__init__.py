"""The screens: each one puts panes together and gives their keys a meaning."""

from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.screens.map import MapScreen
from tsym_tui.ui.screens.matrix import MatrixScreen
from tsym_tui.ui.screens.nodes import NodesScreen

SCREENS: dict[str, type[TailnetScreen]] = {"nodes": NodesScreen, "matrix": MatrixScreen, "map": MapScreen}
"""The screens that a number opens, by name."""
