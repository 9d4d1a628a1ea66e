"""The hosts we ask, as one: connections, polling, merging of what they see, probing, and snapshots of it all.

`specs` reads how a host is named, `members` keeps one host's newest view, `merge` and `sites` make nodes of all views,
`book` keeps the pairs, `prober` spends the probing budget, `fleet` is the whole. No drawing and no commands here.
"""
