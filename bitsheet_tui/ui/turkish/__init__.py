"""The console in Turkish: each English sentence with what is said for it.

A sentence stands once, in the module of the screen that shows it; `shared` is for what many show. `told`
has the sentences of the engine, the store and the configuration, with `{}` for every fact in them; `SHORT`
what is said where there is little room.
Numbers take the noun in the singular; facts come without endings: "silindi: {table}", not "{table}'ı sil".
"""

from bitsheet_tui.ui.turkish import (
    asking,
    choices,
    history,
    keys,
    setup,
    shared,
    state,
    table,
    told,
)

PARTS = (shared, state, keys, asking, table, history, setup, choices)
SENTENCES: dict[str, str] = {english: said for part in PARTS for english, said in part.SENTENCES.items()}
SHORT: dict[str, str] = {**shared.SHORT, **keys.SHORT}
TOLD: dict[str, str] = told.SENTENCES
