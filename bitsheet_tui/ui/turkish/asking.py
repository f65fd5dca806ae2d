"""What is asked before something is done, and what is answered to a key."""

SENTENCES = {
    "Cycle asked for.": "Döngü istendi.",
    "Cycle {cycle} is running; another one follows.": "Döngü {cycle} çalışıyor; ardından bir tane daha.",
    "{table} is read now.": "Şimdi okunuyor: {table}.",
    "{table} is read again from scratch.": "Baştan yeniden okunuyor: {table}.",
    "Pausing after the page in hand.": "Eldeki sayfadan sonra duraklatılıyor.",
    "Going on.": "Sürüyor.",
    "Paused: press p to go on; then this is read.": (
        "Duraklatıldı: sürdürmek için p tuşuna basın; bu ondan sonra okunur."
    ),
    "Complete: {tables}.": "Tamamlandı: {tables}.",
    "The portal answers again.": "Portal yeniden yanıt veriyor.",
    "Press ctrl+c again to quit, or q.": "Çıkmak için yine ctrl+c ya da q tuşuna basın.",
    "Saved {path}": "Kaydedildi: {path}",
    "Could not save it: {why}": "Kaydedilemedi: {why}",
    "{rows} of {table} marked as deleted.": "{table}: {rows} silindi olarak işaretlendi.",
    "Nothing of {table} is held any more: its rows are there.": "{table}: artık bekletilen yok, satırları duruyor.",
    "tmux keeps it to itself unless it has: set -s set-clipboard on": (
        "tmux bunu iletmez; gereken ayar: set -s set-clipboard on"
    ),
    "That failed: {why}. The mirror goes on; the log says more.": "Olmadı: {why}. Ayna sürüyor; ayrıntısı logda.",
    "Copied {what}.": "Kopyalandı: {what}.",
    "Suspending after the page in hand…": "Eldeki sayfadan sonra askıya alınıyor…",
    "A browser has no shell to go back to.": "Tarayıcıda dönülecek bir kabuk yok.",
    "This mirror ends with your SSH session: use tmux, or bitsheet-tui service.": (
        "Bu ayna SSH oturumunuzla birlikte durur: tmux ya da bitsheet-tui service kullanın."
    ),
    # deletions that are held
    "No deletions of {table} are held.": "Bekletilen silme yok: {table}.",
    "{table} is compared once more, and what is gone is marked.": (
        "Bir kez daha karşılaştırılıyor, silinenler işaretlenecek: {table}."
    ),
    "Mark {count} of {table} as deleted?": "{table}: {count} silindi diye işaretlensin mi?",
    "They are not on the portal any more, as far as the webhook may see: {why}.": (
        "Webhook'un görebildiği kadarıyla artık portalda değiller: {why}."
    ),
    "A webhook that lost a right sees less, and that looks the same. Look at the portal first.": (
        "Bir yetkisini yitiren webhook da daha az görür, ikisi birbirine benzer. Önce portala bakın."
    ),
    (
        "The table is compared once more, with a few requests that take some seconds. Marked rows stay in "
        "the mirror. It cannot be undone from here, but rows that return to the portal are unmarked."
    ): (
        "Tablo, birkaç saniye süren birkaç istekle bir kez daha karşılaştırılır. İşaretlenen satırlar aynada "
        "kalır. Buradan geri alınamaz, ama portala dönen satırların işareti kaldırılır."
    ),
    "Mark": "İşaretle",
    # reading again
    "Resync {table}?": "{table} yeniden eşitlensin mi?",
    "Every row of {table} is read again from the portal: {rows}, {long}.": (
        "{table} tablosunun her satırı portaldan yeniden okunur: {rows}, {long}."
    ),
    (
        "The rows stay readable meanwhile, and what is unchanged is not written. "
        "It can be interrupted and goes on later."
    ): (
        "Bu sırada satırlar okunabilir kalır, değişmeyenler yazılmaz. Yarıda kesilebilir, sonra kaldığı "
        "yerden sürer."
    ),
    "It takes nothing away, so there is nothing to undo.": (
        "Hiçbir şeyi silmez, geri alınacak bir şey de yoktur."
    ),
    "about {rows}": "yaklaşık {rows}",
    "nobody knows how many rows yet": "satır sayısı henüz bilinmiyor",
    "in as many requests and as long as it takes": "gerektiği kadar istek ve süreyle",
    "in one request, roughly {span} while the portal is quick": (
        "tek istekle, portal hızlıyken aşağı yukarı {span}"
    ),
    "in some {requests}, roughly {span} while the portal is quick": (
        "yaklaşık {requests}, portal hızlıyken aşağı yukarı {span}"
    ),
    "Resync every table?": "Her tablo yeniden eşitlensin mi?",
    "Every row of the portal is read again: {cost}. Cycles go on meanwhile.": (
        "Portalın her satırı yeniden okunur: {cost}. Döngüler bu sırada sürer."
    ),
    "about {rows}, {requests}, {span} while the portal is quick": (
        "yaklaşık {rows}, {requests}, portal hızlıyken {span}"
    ),
    "The rows stay readable, and what is unchanged is not written. X gives it up.": (
        "Satırlar okunabilir kalır, değişmeyenler yazılmaz. X tuşu bunu bırakır."
    ),
    "What changed in {table} since which day?": "{table}: hangi günden beri değişenler?",
    "a day such as 2026-01-31": "2026-01-31 gibi bir gün",
    "{text} is no day such as 2026-01-31": "{text}, 2026-01-31 gibi bir gün değil",
    "Read again what changed in {table} since {since}?": (
        "{table}: {since} gününden beri değişenler yeniden okunsun mu?"
    ),
    "It takes as many requests as there are changes: one for each 2,500 rows, about two seconds each.": (
        "Değişiklik sayısına göre istek gerekir: her 2.500 satır için bir tane, her biri yaklaşık iki saniye."
    ),
    "What is unchanged is not written. It takes nothing away, so there is nothing to undo.": (
        "Değişmeyenler yazılmaz. Hiçbir şeyi silmez, geri alınacak bir şey de yoktur."
    ),
    # how the engine works
    "How often do cycles start?": "Döngüler ne sıklıkta başlasın?",
    (
        "Seconds, or minutes such as 5 min. A cycle costs the portal one or two requests. It lasts until the "
        "engine ends; sync.interval in the configuration is kept. Enter sets it, esc does not."
    ): (
        "Saniye ya da 5 dk gibi dakika. Bir döngü portala bir iki isteğe mal olur. Motor durana kadar "
        "geçerlidir; yapılandırmadaki sync.interval değişmez. Enter uygular, esc vazgeçer."
    ),
    "The interval {why}": "Aralık {why}",
    "Read {table} no more?": "{table} artık okunmasın mı?",
    "It costs nothing: its rows stay as they are, and grow old. A backfill of it stops where it is.": (
        "Bir bedeli yok: satırları olduğu gibi kalır ve eskir. Sürmekte olan ilk okuması olduğu yerde durur."
    ),
    "The same key undoes it, and so does the end of the engine; what changed meanwhile is read then.": (
        "Aynı tuş bunu geri alır, motorun durması da; o zaman arada değişenler okunur."
    ),
    "Disable": "Kapat",
    "Give up what waits, and resyncs under way?": "Bekleyenler ve süren yeniden eşitlemeler bırakılsın mı?",
    (
        "Tables that are read again from scratch count as complete again: they were before, and what changed "
        "meanwhile has been read. What waits for its turn is forgotten."
    ): (
        "Baştan yeniden okunan tablolar yine tamam sayılır: önceden öyleydiler, arada değişenler de okundu. "
        "Sırasını bekleyenler unutulur."
    ),
    "It cannot be undone; a resync can be asked for again, and begins anew. First readings go on.": (
        "Geri alınamaz; yeniden eşitleme yine istenebilir ve baştan başlar. İlk okumalar sürer."
    ),
    # the browser
    "That request cannot be read.": "Bu istek okunamıyor.",
    "another site's page may not open this one": "başka bir sitenin sayfası bunu açamaz",
    "This console asks for a token.": "Bu konsol bir belirteç (token) ister.",
    "That is not the token.": "Belirteç bu değil.",
    "Too many wrong tokens: no other is looked at for {count} s.": "Çok fazla yanlış belirteç girildi: {count} saniye boyunca başkasına bakılmayacak.",
    "You have {count} consoles already, which is the most; close one, then load this page again.": (
        "Zaten {count} konsolunuz var, en çoğu bu; birini kapatıp bu sayfayı yeniden yükleyin."
    ),
    "This console was closed to make room for another visitor.": (
        "Bu konsol başka bir ziyaretçiye yer açmak için kapatıldı."
    ),
    "No more than {count} consoles at a time; close one, then load this page again.": (
        "Aynı anda en çok {count} konsol açılabilir; birini kapatıp bu sayfayı yeniden yükleyin."
    ),
}
