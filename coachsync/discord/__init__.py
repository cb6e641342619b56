"""The way to Discord: what is asked for, how fast, and what came of it.

`api` is what callers use, `gateway` opens the way to it for one run. A call goes `api → client → pace → transport`
and comes back as a value or as one of `errors`, which `verdict` chooses. `routes`, `codes` and `objects` hold
Discord's own words: paths, error codes, shapes of answers.
"""
