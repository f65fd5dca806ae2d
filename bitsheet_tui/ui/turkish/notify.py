"""Messages to people who are not at the console."""

SENTENCES = {
    "{host}: trouble with {where}": "{host}: sorun: {where}",
    "{host}: {count} new troubles": "{host}: {count} yeni sorun",
    "{host}: well again after {span}": "{host}: {span} sonra düzeldi",
    "{host}: still in trouble": "{host}: sorun sürüyor",
    "{host}: trouble that comes and goes": "{host}: gelip giden sorun",
    "{host}: {count} messages were kept back": "{host}: {count} ileti gönderilmeden tutuldu",
    "{host}: a test message": "{host}: deneme iletisi",
    "Messages of bitsheet-tui arrive here.": "bitsheet-tui iletileri buraya ulaşıyor.",
    "Nothing more is said of it until it has been steady for half an hour.": (
        "Yarım saat durulana kadar bununla ilgili başka ileti gönderilmez."
    ),
    "There are at most ten an hour. This is wrong now:": "Saatte en çok on ileti gider. Şu anki sorunlar:",
    "There are at most ten an hour. Nothing is wrong now.": "Saatte en çok on ileti gider. Şu anda sorun yok.",
    "question {name}": "soru: {name}",
    "channel {name}": "kanal: {name}",
    "the heartbeat": "yaşam sinyali",
    "the mirror": "ayna",
    "{rows} in the answer that were not there before:": "yanıtta önceden olmayan: {rows}",
    "and {count} more": "ve {count} tane daha",
    # where it is, in the list of what is wrong
    "question": "soru",
    "notifications": "bildirimler",
}
