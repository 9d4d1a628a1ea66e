"""A simulated tailnet: it answers LocalAPI over real unix sockets, deterministic from a seed.

From the bottom up: `schema` and `scenario` (what a tailnet is made of), `timeline` (what happens to it), `network`
(which path a pair gets and how long it takes), `world` (all of it at one virtual moment, no I/O), `bodies` (its JSON),
`daemon` (LocalAPI of one host), `runtime` (sockets and clock), `process` (the whole as a child process: how everybody
else uses it).
"""
