"""What is chosen in the console and kept, how it is at rest, and what it says aloud."""

SENTENCES = {
    "next at {time}": "sonraki {time}",
    "since {time}": "{time} saatinden beri",
    "Choices cannot be kept: {why}": "Seçimler saklanamıyor: {why}",
    "error": "hata",
    "Paused by somebody else; p goes on.": "Başka biri duraklattı; p sürdürür.",
    "Somebody let it go on.": "Başka biri sürdürdü.",
    "{count} new troubles, the last: {text}": "{count} yeni sorun, sonuncusu: {text}",
    # the settings
    "Settings": "Ayarlar",
    "settings": "ayarlar",
    "what is set, and from where; enter changes what can be changed while it runs": (
        "ne ayarlı ve nereden; enter, çalışırken değiştirilebilenleri değiştirir"
    ),
    "by the locale": "sistemin diline göre",
    "default": "varsayılan",
    "chosen in the console": "konsolda seçildi",
    "chosen now": "şimdi seçildi",
    "enter changes it": "enter değiştirir",
    "now; {value} in the configuration": "şimdi; yapılandırmada {value}",
    "environment": "ortam değişkeni",
    "the demo's": "demonun",
    "{count} addresses": "{count} adres",
    "all of them": "hepsi",
    "no effect in this version": "bu sürümde etkisi yok",
    "E on a table; next start": "tabloda E; ya da açılışta",
    "at the next start": "bir sonraki açılışta",
    "no configuration file": "yapılandırma dosyası yok",
    "{path}, as this console reads it": "{path}, bu konsolun okuduğu gibi",
    "{key} is not changed here: {note}.": "{key} burada değişmez: {note}.",
}
