"""The console in Turkish: each English sentence with what is said for it.

A sentence stands once, in the module of the screen that shows it; `shared` is for what many show. `told`,
`told_portal` and `told_store` have the sentences of the engine, with `{}` for every fact in them; `SHORT` is
what is said where there is little room.
Numbers take the noun in the singular; facts come without endings: "silindi: {table}", not "{table}'ı sil".
"""

from bitsheet_tui.ui.turkish import (
    asking,
    choices,
    history,
    keys,
    notify,
    page,
    setup,
    shared,
    state,
    table,
    told,
    told_portal,
    told_store,
)

PARTS = (shared, state, keys, asking, table, history, setup, choices, page, notify)
SENTENCES: dict[str, str] = {english: said for part in PARTS for english, said in part.SENTENCES.items()}
SHORT: dict[str, str] = {**shared.SHORT, **keys.SHORT}
TOLD: dict[str, str] = {**told_portal.SENTENCES, **told_store.SENTENCES, **told.SENTENCES}
