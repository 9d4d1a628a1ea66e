"""The screens: each one puts panes together and gives their keys a meaning."""

from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.screens.launch import LaunchScreen
from tsym_tui.ui.screens.map import MapScreen
from tsym_tui.ui.screens.matrix import MatrixScreen
from tsym_tui.ui.screens.nodes import NodesScreen
from tsym_tui.ui.screens.overview import OverviewScreen

SCREENS: dict[str, type[TailnetScreen]] = {
    "overview": OverviewScreen,
    "nodes": NodesScreen,
    "matrix": MatrixScreen,
    "map": MapScreen,
    "launch": LaunchScreen,
}
"""The screens that a number opens, by name."""
