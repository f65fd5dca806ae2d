"""What is chosen in the console and kept, how it is at rest, and what it says aloud."""

SENTENCES = {
    "next at {time}": "sonraki {time}",
    "since {time}": "{time} saatinden beri",
    "Choices cannot be kept: {why}": "Seçimler saklanamıyor: {why}",
    "error": "hata",
    "Paused by somebody else; p goes on.": "Başka biri duraklattı; p devam ettirir.",
    "Somebody let it go on.": "Başka biri devam ettirdi.",
    "{count} new troubles, the last: {text}": "{count} yeni sorun, sonuncusu: {text}",
    "Press e.": "e'ye basın.",
}
