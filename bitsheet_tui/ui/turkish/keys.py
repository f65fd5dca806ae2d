"""What the keys are called and do, the help, the palette."""

SENTENCES = {
    "Help": "Yardım",
    "what the keys do, those of this screen first; → there: the manual": (
        "tuşlar ne yapar; önce bu ekranınkiler; orada →: kılavuz"
    ),
    "Commands": "Komutlar",
    "every command, by name": "her komut, adıyla",
    "Pause": "Duraklat",
    "Go on": "Sürdür",
    "pause after the page in hand; again: go on": "eldeki sayfadan sonra duraklat; yine: sürdür",
    "Force": "Başlat",
    "start a cycle now": "şimdi bir döngü başlat",
    "Force table": "Tabloyu oku",
    "read the table under the cursor now": "imlecin altındaki tabloyu şimdi oku",
    "Resync": "Yeniden eşitle",
    "read the table under the cursor again from scratch (asks first)": (
        "imlecin altındaki tabloyu baştan yeniden oku (önce sorar)"
    ),
    "Confirm deletions": "Silmeleri onayla",
    "mark the deletions of the table under the cursor that are held (asks first)": (
        "imlecin altındaki tablonun bekletilen silmelerini işaretle (önce sorar)"
    ),
    "Retry": "Yeniden dene",
    "try every table that failed again, now": "okunamayan her tabloyu şimdi yeniden dene",
    "Interval": "Aralık",
    "how often cycles start, until the engine ends": "döngüler ne sıklıkta başlar; motor durana kadar",
    "Disable or enable": "Kapat ya da aç",
    "read the table under the cursor no more (asks first); again: read it": (
        "imlecin altındaki tabloyu artık okuma (önce sorar); yine: oku"
    ),
    "Give up": "Bırak",
    "give up what waits, and resyncs under way (asks first)": (
        "bekleyenleri ve süren yeniden eşitlemeleri bırak (önce sorar)"
    ),
    "Log": "Log",
    "the log on the whole screen": "tüm ekranda log",
    "Errors": "Hatalar",
    "what is wrong, since when, and what to do": "sorun ne, ne zamandan beri, ne yapmalı",
    "History": "Geçmiş",
    "cycles, runs, alerts: what was done, what went wrong, what each changed": (
        "döngüler, çalışmalar, alarmlar: ne yapıldı, ne ters gitti, ne değişti"
    ),
    "Browse": "Gözat",
    "the records of the table under the cursor": "imlecin altındaki tablonun kayıtları",
    "Sort": "Sırala",
    "sort the tables by the next column": "tabloları sonraki sütuna göre sırala",
    "Reverse": "Ters çevir",
    "the other way round": "ters sırayla",
    "Zoom": "Büyüt",
    "only the pane one is in; again: all of them": "yalnızca bulunulan bölme; yine: hepsi",
    "Next part": "Sonraki bölüm",
    "to the next part: records, columns …; the manual; an older log file": (
        "sonraki bölüme: kayıtlar, sütunlar …; kılavuz; daha eski bir log dosyası"
    ),
    "Part before": "Önceki bölüm",
    "to the part before": "önceki bölüme",
    "Filter": "Süz",
    "show only what has a word, or an id; !word leaves out lines of the log": (
        "yalnızca bir sözcüğü ya da kimliği içerenleri göster; !sözcük log satırlarını dışarıda bırakır"
    ),
    "Narrow": "Daralt",
    "in turn: all, only what is deleted or failed, only the rest": (
        "sırayla: hepsi, yalnızca silinenler ya da başarısızlar, yalnızca kalanlar"
    ),
    "Changed": "Değişenler",
    "records changed at any time, in the last hour, day, week, month": (
        "herhangi bir zamanda, son bir saatte, günde, haftada, ayda değişen kayıtlar"
    ),
    "Next": "Sonraki",
    "to the next place of the word; to the next record or chapter": (
        "sözcüğün sonraki yerine; sonraki kayda ya da bölüme"
    ),
    "Previous": "Önceki",
    "to the one before": "bir öncekine",
    "Address": "Adres",
    "copy the address of the record in the portal": "kaydın portaldaki adresini kopyala",
    "Freeze": "Dondur",
    "Follow": "İzle",
    "hold the log still; again: follow": "logu sabit tut; yine: izle",
    "Log debug": "Log: ayrıntı",
    "everything": "her şey",
    "Log info": "Log: bilgi",
    "information and above": "bilgi ve üstü",
    "Log warnings": "Log: uyarılar",
    "warnings and above": "uyarılar ve üstü",
    "Log errors": "Log: hatalar",
    "errors only": "yalnızca hatalar",
    "Log table": "Log: tablo",
    "only the table under the cursor; again: all": "yalnızca imlecin altındaki tablo; yine: hepsi",
    "Log wrap": "Log: satırı sar",
    "long lines whole, over several lines; again: cut": (
        "uzun satırlar bütünüyle, birkaç satırda; yine: kesik"
    ),
    "Log time": "Log: saat",
    "to a time": "bir saate git",
    "Save log": "Logu kaydet",
    "save what is shown to a file": "görüneni bir dosyaya kaydet",
    "Copy": "Kopyala",
    "copy what is under the cursor, or the log in view (OSC 52)": (
        "imlecin altındakini ya da görünen logu kopyala (OSC 52)"
    ),
    "Repaint": "Yeniden çiz",
    "draw everything again, after another program wrote on the screen": (
        "ekrana başka bir program yazdıysa her şeyi yeniden çiz"
    ),
    "Screenshot": "Ekran görüntüsü",
    "save the screen as SVG in the current folder": "ekranı bulunulan klasöre SVG olarak kaydet",
    "Suspend": "Askıya al",
    "back to the shell; fg returns (pauses first)": "kabuğa dön; fg geri getirir (önce duraklatır)",
    "Quit": "Çık",
    "stop after the page in hand and quit; again: at once": "eldeki sayfadan sonra dur ve çık; yine: hemen",
    "Interrupt": "Kes",
    "twice within two seconds: quit": "iki saniye içinde iki kez: çık",
    "Up": "Yukarı",
    "one line up": "bir satır yukarı",
    "Down": "Aşağı",
    "one line down": "bir satır aşağı",
    "Page up": "Sayfa yukarı",
    "one page up": "bir sayfa yukarı",
    "Page down": "Sayfa aşağı",
    "one page down": "bir sayfa aşağı",
    "Top": "Başa",
    "to the first line": "ilk satıra",
    "End": "Sona",
    "to the last line; a log follows again": "son satıra; log yeniden izlenir",
    "Open": "Aç",
    "opens what is under the cursor": "imlecin altındakini açar",
    "Next pane": "Sonraki bölme",
    "to the next pane; shift+tab: to the one before": "sonraki bölmeye; shift+tab: öncekine",
    "Back": "Geri",
    "back, or drop the filter; never quits": "geri dön ya da süzgeci kaldır; hiçbir zaman çıkmaz",
    # the help
    "help": "yardım",
    "keys": "tuşlar",
    "the manual": "kılavuz",
    " (in English)": " (İngilizce)",
    "a word; enter keeps it, n leads to its next place, esc clears": (
        "bir sözcük; enter tutar, n sonraki yerine götürür, esc temizler"
    ),
    "/ looks for a word": "/ sözcük arar",
    "On the screen you came from": "Geldiğiniz ekranda",
    "Everywhere": "Her yerde",
    "Moving": "Gezinme",
    "On other screens": "Öteki ekranlarda",
    "Words": "Sözcükler",
    "show only what has a word; enter keeps, esc clears": (
        "yalnızca sözcüğü içerenler; enter tutar, esc temizler"
    ),
    "the engine runs in another process, which this console shows and steers; q leaves it running": (
        "motor başka bir süreçte çalışıyor, bu konsol onu gösterir ve yönetir; q onu çalışır bırakır"
    ),
    "nothing to do until the next cycle; the mirror is what the portal was at its start": (
        "sonraki döngüye kadar yapılacak bir şey yok; ayna, son döngü başladığında portal neyse odur"
    ),
    "a cycle runs: what changed on the portal is read and stored": (
        "bir döngü çalışıyor: portalda değişenler okunup kaydediliyor"
    ),
    "a table is read for the first time, or again from scratch; its rows can be used meanwhile": (
        "bir tablo ilk kez ya da baştan yeniden okunuyor; satırları bu sırada kullanılabilir"
    ),
    "nothing is asked of the portal until p is pressed": (
        "sizin isteğinizle: p tuşuna basılana kadar portala hiçbir şey sorulmaz"
    ),
    "the portal asked for calm, the database is away, or a table is late; ends by itself": (
        "portal yavaşlamamızı istedi ya da veritabanına ulaşılamıyor; kendiliğinden biter"
    ),
    "the portal does not answer; it is tried again and again": (
        "portal yanıt vermiyor; tekrar tekrar denenir"
    ),
    "somebody must act: e says what to do": "birinin bir şey yapması gerek: e ne yapılacağını söyler",
    "so much seems to be deleted, or so little may be seen, that somebody must confirm it": (
        "o kadar çok satır silinmiş görünüyor ya da o kadar azı görülebiliyor ki birinin onaylaması gerek: "
        "silme koruması"
    ),
    "new chg gone": "yeni değ. sil.",
    "rows of the table's last cycle: added, changed, marked as deleted": (
        "tablonun son döngüsündeki satırlar: eklenen, değişen, silindi diye işaretlenen"
    ),
    "the portal gives a method only so many seconds in ten minutes; this one is over it": (
        "portal bir yönteme on dakikada yalnızca belli bir süre tanır; bu yöntem süresini doldurdu"
    ),
    "requests that the portal counts against us; it drains by itself": (
        "portalın hesabımıza yazdığı istekler; kendiliğinden boşalır"
    ),
    "op": "op",
    "how much of its time budget the busiest method has used": (
        "en yoğun yöntem süre kotasının ne kadarını kullandı"
    ),
    "p50 p95": "p50 p95",
    "half of the times were shorter; nineteen of twenty were": (
        "sürelerin yarısı bundan kısaydı; yirmide on dokuzu bundan kısaydı"
    ),
    "rows and values that could not be stored; they wait in bitsheet_quarantine": (
        "kaydedilemeyen satırlar ve değerler; bitsheet_quarantine tablosunda beklerler"
    ),
    # the palette
    "Search for commands…": "Komut ara…",
    "Search for themes…": "Tema ara…",
    "No matches found": "Eşleşme yok",
    "Sync {table}": "Eşitle: {table}",
    "read it now": "şimdi oku",
    "Resync {table}": "Yeniden eşitle: {table}",
    "read it from scratch": "baştan oku",
    "Resync {table} since": "Şu günden beri yeniden eşitle: {table}",
    "what changed since a day": "bir günden beri değişenler",
    "Open {table}": "Aç: {table}",
    "its details": "ayrıntıları",
    "Manual {topic}": "Kılavuz: {topic}",
    "Resync every table": "Her tabloyu yeniden eşitle",
    "Theme {name}": "Tema: {name}",
    "Other themes": "Öteki temalar",
    "change the colours": "renkleri değiştir",
}
# for the line of keys
SHORT = {
    "Resync": "Yenile",
    "Errors": "Hata",
    "Retry": "Yine dene",
    "Force table": "Oku",
    "Confirm deletions": "Onayla",
    "Log debug": "Ayrıntı",
    "Log info": "Bilgi",
    "Log warnings": "Uyarı",
    "Log errors": "Hata",
    "Log table": "Tablo",
    "Log wrap": "Sar",
    "Log time": "Saat",
    "Save log": "Kaydet",
    "Next part": "Bölüm",
    "Changed": "Değişen",
}
