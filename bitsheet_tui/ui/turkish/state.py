"""How it stands: the first two lines, the table of tables, the panels, the last line after the end."""

SENTENCES = {
    # the word for it all
    "STARTING": "BAŞLIYOR",
    "CURRENT": "GÜNCEL",
    "SYNCING": "EŞİTLENİYOR",
    "FILLING": "DOLDURULUYOR",
    "PAUSED": "DURAKLATILDI",
    "WAITING": "BEKLİYOR",
    "NEEDS YOU": "SİZİ BEKLİYOR",
    "STOPPING": "DURUYOR",
    "STOPPED": "DURDU",
    "OFFLINE": "ÇEVRİMDIŞI",
    "{count} needs you": "{count} iş sizde",
    "{count} need you": "{count} iş sizde",
    "{count} waiting": "{count} bekliyor",
    "{count} refused": "{count} reddedildi",
    "{count} ok": "{count} tamam",
    "terminal too small": "terminal çok küçük",
    "for {time}": "{time} süredir",
    "quiet until {time}": "{time} saatine dek sessiz",
    # the sentence
    "First start: every table is read once, newest rows first.": (
        "İlk başlatma: her tablo okunur, en yeni satırlar önce."
    ),
    "Quiet hours: nothing is read before their end, unless you ask: f.": (
        "Sessiz saatler: siz istemedikçe (f) bitmelerinden önce okunmaz."
    ),
    "Starting: the portal is tested, then what is due is read.": (
        "Başlıyor: portal sınanır, sonra zamanı gelenler okunur."
    ),
    "All {count} tables current as of {at} ({took}, {rows}).": (
        "{count} tablonun tümü {at} itibarıyla güncel ({took}, {rows})."
    ),
    "All {count} tables current as of {at}.": "{count} tablonun tümü {at} itibarıyla güncel.",
    "All {count} tables current as of {at}, {some} as of {then}.": (
        "{count} tablonun tümü {at}, {some} tanesi {then} itibarıyla güncel."
    ),
    "{count} of {all} tables current as of {at}.": "{count}/{all} tablo {at} itibarıyla güncel.",
    "Refused: {names}.": "Reddedilen: {names}.",
    "Deletions held: {names}.": "Bekletilen silmeler: {names}.",
    "Data as of {at}.": "Veriler {at} itibarıyla.",
    "{count} held": "{count} bekletiliyor",
    "{count} of {all} tables current; not {names}: press e.": (
        "{count}/{all} tablo güncel; olmayan: {names} (e tuşu)."
    ),
    "Cycle {cycle}: {count} of {all} tables done.": "Döngü {cycle}: {all} tablodan {count} tanesi bitti.",
    "Cycle {cycle}: {count} of {all} tables done, {names} now.": (
        "Döngü {cycle}: {all} tablodan {count} tanesi bitti, şimdi {names}."
    ),
    "{done} rows so far": "şimdiye kadar {done} satır",
    "{done} discussions so far": "şimdiye kadar {done} tartışma",
    "{done} of about {all} rows": "~{all} satırdan {done}",
    "{done} of about {all} discussions": "~{all} tartışmadan {done}",
    "Filling: {total}.": "Doluyor: {total}.",
    "Filling: {total}, {rate}.": "Doluyor: {total}, {rate}.",
    "Filling: {total}, {rate}, {span} left.": "Doluyor: {total}, {rate}, kalan {span}.",
    "Filling: {total}, {rate}, {span} left ({end}).": "Doluyor: {total}, {rate}, kalan {span} ({end}).",
    "Paused since {at}. Press p to go on.": "Saat {at} itibarıyla duraklatıldı. p tuşu sürdürür.",
    "Stopping: the rows in hand are being stored. Press q again to leave at once.": (
        "Duruyor: eldeki satırlar kaydediliyor. Hemen çıkmak için yine q tuşuna basın."
    ),
    "Stopped. Nothing is written any more.": "Durdu. Artık hiçbir şey yazılmıyor.",
    "{text} Tries again at {at}.": "{text} Yeniden denenecek: {at}.",
    "{text} Press e.": "{text} e tuşuna basın.",
    # the engine of another process
    "the other instance": "öteki süreç",
    "pid {pid} on {host}": "pid {pid}, {host}",
    "{who}, read-only": "{who}, salt okunur",
    "{who} since {at}": "{who}, {at} saatinden beri",
    "replica of {source}": "{source} kopyası",
    "A replica, as its mirror was at {at}; no engine runs on it.": (
        "Bir kopya: aynasının {at} anındaki hali; üzerinde motor çalışmaz."
    ),
    "A replica, as its mirror was at {at}; nothing copies into it now. No engine runs on it.": (
        "Bir kopya: aynasının {at} anındaki hali; şu anda ona kopyalayan yok. Üzerinde motor çalışmaz."
    ),
    "A replica that is not whole yet; no engine runs on it.": "Henüz tamamlanmamış bir kopya; üzerinde motor çalışmaz.",
    "(seen in the store, every few seconds)": "(veritabanından, birkaç saniyede bir)",
    (
        "Nobody keeps this mirror current: {who} has ended. What it left is shown; "
        "start bitsheet-tui again, here or as a service, and this console attaches to it."
    ): (
        "Bu aynayı güncel tutan yok: {who} sona erdi. Bıraktığı hâli gösteriliyor; bitsheet-tui'yi burada "
        "ya da hizmet olarak yeniden başlatın, bu konsol ona bağlanır."
    ),
    "{who} has ended; the mirror is taken over.": "{who} sona erdi; ayna devralınıyor.",
    "Leaving; the mirror goes on without this console.": "Çıkılıyor; ayna bu konsol olmadan sürer.",
    # the table of tables
    "left": "kalan",
    "rows/s": "satır/sn",
    "p50": "p50",
    "p95": "p95",
    "last 8": "son 8",
    "total": "toplam",
    "not read yet": "henüz okunmadı",
    "ok": "tamam",
    "queued": "kuyrukta",
    "reading": "okunuyor",
    "filling": "dolduruluyor",
    "rests": "molada",
    "failed, tries again": "olmadı, yine denenecek",
    "refused, see e": "reddedildi, bkz. e",
    "disabled, E reads it": "kapalı, E açar",
    "until {at}": "mola → {at}",
    "rests until {at}": "mola bitişi {at}",
    "{count} held, see e": "{count} bekletilen: e",
    "late, due every {span}": "gecikti, aralığı {span}",
    "partial": "eksik",
    "partial, {count} set aside": "eksik, {count} karantinada",
    "ok, {values} set aside": "tamam, {values} karantinada",
    "ok, {count} hidden": "tamam, {count} gizli",
    "{share} filled": "{share} doldu",
    "{share} filled, {span} left": "{share} doldu, kalan {span}",
    "{count} of {all} ok": "{count}/{all} tamam",
    "{count} of {all} were ok": "{count}/{all} tamamdı",
    "as it was left": "bırakıldığı gibi",
    "not read to its end": "sonuna dek okunmadı",
    "had failed": "okunamamıştı",
    "sorted by {title}": "sıralama: {title}",
    "sorted by {title} reversed": "sıralama: {title}, ters",
    "in the order of a cycle": "döngü sırasıyla",
    "in the order of a cycle reversed": "döngü sırasının tersiyle",
    # the panels
    "cycles": "döngüler",
    "distribution": "dağılım",
    "portal and mirror": "portal ve ayna",
    "⏎ opens": "⏎ açar",
    "none": "yok",
    "{count}  e opens": "{count}  e açar",
    "{count} open": "{count} açık",
    "No cycle ended since the start.": "Başlangıçtan beri biten döngü yok.",
    "portal not asked yet": "portala henüz sorulmadı",
    "not asked yet": "henüz sorulmadı",
    "{count} sent, {more} again": "{count} gönderildi, {more} yeniden",
    "{used} of {all}": "{used} / {all}",
    "{used} of {all} s": "{used} / {all} sn",
    "deleted": "silindi",
    "{rows} marked; {count} quarantined": "{rows} işaretli; {count} karantinada",
    "running": "çalışıyor",
    "freshness": "tazelik",
    "nothing changed in the last hour": "son bir saatte değişiklik yok",
    "{rows} in the last hour": "son bir saatte {rows}",
    "operating": "kota",
    "eases {at}": "azalır: {at}",
    # what is wrong
    "{count} times in a row": "art arda {count} kez",
    "Next try at {at}.": "Yeniden denenecek: {at}.",
    "Comments of {count} not readable: the webhook's user is not in their chats.": (
        "Yorumları okunamayan: {count}. Webhook'un kullanıcısı bunların sohbetlerinde değil."
    ),
    (
        "Nothing is lost: they are read once the user may see them. "
        "Use an administrator's webhook to read all."
    ): (
        "Hiçbir şey kaybolmaz: kullanıcı görebildiğinde okunurlar. Tümünü okumak için bir yöneticinin "
        "webhook'unu kullanın."
    ),
    # after the end
    "stopped at cycle {cycle}": "döngü {cycle} sırasında durduruldu",
    "left at cycle {cycle}": "döngü {cycle} sırasında bırakıldı",
    "stopped before the first cycle": "ilk döngüden önce durduruldu",
    "left before the first cycle": "ilk döngüden önce bırakıldı",
    "{start}; {names} goes on where it was next time": "{start}; kaldığı yerden sürecek: {names}",
    "{start}; {names} go on where they were next time": "{start}; kaldıkları yerden sürecekler: {names}",
    "{start}, all {count} tables current as of {at}": "{start}, {count} tablonun tümü {at} itibarıyla güncel",
    "{start}, {count} of {all} tables current as of {at}; not {names}": (
        "{start}, {all} tablodan {count} tanesi güncel, saat {at}; olmayan: {names}"
    ),
    "detached at cycle {cycle}; {who} goes on": "döngü {cycle} sırasında ayrılındı; {who} sürüyor",
    "This is a bug in bitsheet-tui; nothing that was committed is lost. Please report the lines above.": (
        "Bu, bitsheet-tui'de bir hata; kaydedilmiş hiçbir şey kaybolmadı. "
        "Lütfen yukarıdaki satırları bildirin."
    ),
    (
        "The engine did not stop within {seconds} seconds and was left; "
        "the next start goes on where the last commit ended."
    ): (
        "Motor {seconds} saniye içinde durmadı ve bırakıldı; "
        "sonraki başlatma son kaydın bittiği yerden sürer."
    ),
}
