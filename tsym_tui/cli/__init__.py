"""The `tsym` command: options, settings, text and JSON. What is asked lives in `fleet`, what is drawn in `graph`.

`main` starts, `root` names the commands without importing them, `options` and `settings` say where a value may come
from, `session` opens the fleet, and each command is a module. A command imports what it needs inside its function, so
that `tsym --help` costs little more than an interpreter.
"""
