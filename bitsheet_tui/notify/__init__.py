"""Tells people and other programs how it stands: messages, the heartbeat, standing questions.

`policy` says what is told and when, `wording` in which words, `outbox` what waits to be sent; `notifier` is
the thread that does it, next to the engine. Nothing here can hold up a cycle: messages are sent by a process
of their own (`sender`), and whatever hangs is ended there.
"""
