"""What a state of the daemon other than running asks of a person."""

from __future__ import annotations

ADVICE = {
    "Starting": "tailscaled is starting: wait a moment",
    "NoState": "tailscaled is starting: wait a moment",
    "Stopped": "tailscaled is stopped: run `tailscale up`",
    "NeedsLogin": "tailscaled is logged out: run `tailscale up` and log in",
    "NeedsMachineAuth": "this machine waits for approval by an admin of the tailnet",
    "InUseOtherUser": "tailscaled is in use by another user of this machine",
}


def advise(state: str, *, is_expired: bool = False) -> str:
    """Say what to do; `state` is the daemon's word, `is_expired` that the node's key has run out."""
    if state == "NeedsLogin" and is_expired:
        return "this machine's key has expired: run `tailscale up --force-reauth`"
    return ADVICE.get(state, f"tailscaled is in a state that this version does not know: {state}")
