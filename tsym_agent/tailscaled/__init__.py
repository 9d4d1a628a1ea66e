"""Supervise one tailscaled process: its argv, its folder, its start, login, watch and end.

The pieces are apart because three owners put them together differently: the own node (`node`), a container's entry
point and the per-pod daemon of a cluster.

    argv       what to say to `tailscaled` and `tailscale`, as values
    programs   which binaries, and the environment they are given
    process    one child: its output, its end, and that it does not outlive us
    daemon     one tailscaled, from nothing to a socket that answers, and the commands put to it
    folder     a private folder with its state, socket, key file and lock
    node       a node of our own on the tailnet: all of the above, kept running

Nobody but asyncio's child watcher waits for a process here, so nobody steals another's exit status. A container's
entry point that must also reap strangers' orphans may look with `waitid(P_ALL, …, WNOWAIT)` and leave ours alone.
"""
