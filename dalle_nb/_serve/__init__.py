"""The Images API on this machine: every program that speaks it draws here, and all it draws is in the history.

Rooms, each built on those before it: `shapes` (what answers and errors look like), `links`, `line`, `clients`,
`orders` (a body read), `service` (what all routes share), `images`, `files`, `batches`, `page`, `app`, `running`.
"""
