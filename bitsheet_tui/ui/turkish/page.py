"""The status page in a browser."""

SENTENCES = {
    "Paused since {at}.": "{at} saatinden beri duraklatıldı.",
    "A cycle every {span}.": "Döngü aralığı: {span}.",
    "Quiet until {at}.": "Sessiz saatlerin bitişi: {at}.",
    "The next one starts at {at}.": "Sonraki döngünün başlangıcı: {at}.",
    "Nothing changed in the last hour.": "Son bir saatte hiçbir şey değişmedi.",
    "Half of the changes of the last hour were here after {p50}, 95% after {p95}.": (
        "Son bir saatteki değişikliklerin yarısı {p50}, %95'i {p95} sonra buradaydı."
    ),
    "What is wrong, and what to do": "Sorunlar ve yapılacaklar",
    "read": "okunma",
    "due": "aralık",
    "disabled": "kapalı",
    "{count} deletions held": "{count} silme bekletiliyor",
    "late": "gecikti",
    "refused": "reddedildi",
    "last cycles": "son döngüler",
    "No cycle has ended since the start.": "Başlangıçtan beri hiçbir döngü bitmedi.",
    "not up to date": "güncel olmayan",
    "Shown as of {at}; the page reloads itself.": "Gösterilen an: {at}; sayfa kendiliğinden yenilenir.",
}
