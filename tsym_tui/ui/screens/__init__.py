"""The screens: each one puts panes together and gives their keys a meaning."""
