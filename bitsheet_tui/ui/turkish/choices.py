"""What is chosen in the console and kept, and how it is at rest."""

SENTENCES = {
    "next at {time}": "sonraki {time}",
    "since {time}": "{time} saatinden beri",
    "Choices cannot be kept: {why}": "Seçimler saklanamıyor: {why}",
}
