"""The console in Turkish: each English sentence with what is said for it.

A sentence stands once, in the module of the screen that shows it; `shared` is for what many show. `told`
has the sentences of the engine, the store and the configuration, with `{}` for every fact in them.
Numbers take the noun in the singular; facts come without endings: "silindi: {table}", not "{table}'ı sil".
"""

from bitsheet_tui.ui.turkish import choices, shared, told

SENTENCES: dict[str, str] = {**shared.SENTENCES, **choices.SENTENCES}
TOLD: dict[str, str] = told.SENTENCES
