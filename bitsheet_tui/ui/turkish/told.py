"""What the engine, the store and the configuration say: errors, hints, alerts, answers to commands."""

SENTENCES = {
    "Nothing to do: it resumes by itself.": "Yapılacak bir şey yok: kendiliğinden sürer.",
}
