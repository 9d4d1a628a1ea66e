"""Probing: pings in numbers, with a budget, and what their answers are worth.

`limits` holds the numbers, `plan` says whom to probe, `sweep` sends the pings, `window` keeps what came back, `settle`
says when a first look may be believed. Only `sweep` does I/O, through a `Pinger`; time is always a collaborator.
"""
