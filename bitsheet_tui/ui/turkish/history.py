"""What was done: cycles, runs, changes, alerts, rows set aside; and the log."""

SENTENCES = {
    "history": "geçmiş",
    "the newest {count}": "en yeni {count}",
    # cycles and runs
    "started {at}, took {took}, {rows}, {requests}": "başlangıç {at}, süre {took}, {rows}, {requests}",
    "what it was": "ne yapıldı",
    "not current": "güncel olmayan",
    "did not come to its end": "sonuna varmadı",
    "only those with a failure": "yalnızca hatalılar",
    "only failed": "yalnızca başarısızlar",
    "columns: {names}": "sütunlar: {names}",
    "{at}, took {took}": "{at}, süre {took}",
    "{new} new, {changed} changed, {unchanged} unchanged, {deleted} deleted": (
        "{new} yeni, {changed} değişen, {unchanged} değişmeyen, {deleted} silinen"
    ),
    "{at}, by the portal's clock": "{at}, portalın saatine göre",
    "{at}, before {before}, by the portal's clock": "{at}, önceden {before}, portalın saatine göre",
    "went wrong": "ters giden",
    # changes
    "It changed no row.": "Hiçbir satırı değiştirmedi.",
    "is back": "geri geldi",
    "is read for the first time": "ilk kez okunuyor",
    "has been read for the first time": "ilk kez okundu",
    "{at}, cycle {cycle}, number {seq} of the feed": "{at}, döngü {cycle}, akıştaki sırası {seq}",
    "before": "önce",
    "after": "sonra",
    # alerts
    "alerts": "alarmlar",
    "Nobody ever had to be told of anything.": "Şimdiye kadar kimseye haber vermek gerekmedi.",
    "ended {at}": "bitti: {at}",
    "it still stands": "hâlâ sürüyor",
    "since": "başlangıç",
    "ended": "bitiş",
    "times": "kaç kez",
    # rows set aside
    "seen {times}, last {at}": "{times} görüldü, son {at}",
    "Mend it in the portal, or retry with: bitsheet-tui quarantine --retry": (
        "Portalda düzeltin ya da şununla yeniden deneyin: bitsheet-tui quarantine --retry"
    ),
    "Every row could be stored.": "Her satır kaydedilebildi.",
    # the log
    "log": "log",
    "live": "canlı",
    "FOLLOW": "İZLENİYOR",
    "FROZEN": "DONDURULDU",
    "END": "SON",
    "HELD": "SABİT",
    "+{count} new": "+{count} yeni",
    "all tables": "tüm tablolar",
    "debug": "ayrıntı",
    "info": "bilgi",
    "filter the log; !word leaves out; enter keeps, esc clears": (
        "logu süz; !sözcük dışarıda bırakır; enter tutar, esc temizler"
    ),
    "Look for a word first, with /.": "Önce / ile bir sözcük arayın.",
    "There is no such line.": "Böyle bir satır yok.",
    "To which time?": "Hangi saate?",
    "10:02, 10:02:13, 2026-11-24 10:02, or 15m ago; enter goes there, esc stays.": (
        "10:02, 10:02:13, 2026-11-24 10:02 ya da 15 dk önce; enter gider, esc kalır."
    ),
    "That is no time.": "Bu bir saat değil.",
    "Save what the log shows": "Logda görüneni kaydet",
    "The name of a new file; enter saves, esc does not.": "Yeni dosyanın adı; enter kaydeder, esc vazgeçer.",
    "Saved {count} as {path}": "{count} kaydedildi: {path}",
    "Could not read the file: {why}": "Dosya okunamadı: {why}",
}
