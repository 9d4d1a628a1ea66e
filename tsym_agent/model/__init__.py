"""Pure values: what LocalAPI says, and what we conclude about nodes, pairs and hosts.

No I/O, no clocks, no sockets. Two families live here:

* payload values (`status`, `pings`, `netmap`, `prefs`, `notify`, `derp`, `whois`, `lock`, `dns`, …): frozen msgspec
  structs that name the fields we use, ignore the ones we do not know, and keep rare or large ones raw until asked;
* our own values (`ids`, `paths`, `nodes`, `pairs`, `hosts`, `snapshot`, `documents`): what screens, commands and JSON
  speak about.

Lists that the daemon may send as null stay `None`: None, missing and empty mean the same, so read them with `or ()`.
"""
