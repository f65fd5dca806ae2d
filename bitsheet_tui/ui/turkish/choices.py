"""What is chosen in the console, and kept."""

SENTENCES = {
    "Choices cannot be kept: {why}": "Seçimler saklanamıyor: {why}",
}
