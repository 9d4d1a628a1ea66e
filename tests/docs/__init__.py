"""The documentation held to the program."""
