"""The first run."""

SENTENCES = {
    # what was looked at
    "webhook": "webhook",
    "rights": "haklar",
    "scopes": "yetkiler",
    "filters": "süzgeçler",
    "clock": "saat",
    "comments": "yorumlar",
    # the steps
    "1 of 5   the portal's webhook": "1/5   portalın webhook'u",
    "2 of 5   what the portal says": "2/5   portal ne diyor",
    "3 of 5   where the mirror is kept": "3/5   ayna nerede tutulacak",
    "4 of 5   which tables, and how often": "4/5   hangi tablolar, ne sıklıkta",
    "5 of 5   the configuration": "5/5   yapılandırma",
    (
        "bitsheet-tui keeps a copy of a Bitrix24 portal in a database. It asks the portal through an inbound "
        "webhook, which an administrator makes there: Developer resources > Other > Inbound webhook, with "
        "the scopes crm, task, user, department and im. It only reads. Click by click: "
        "bitsheet-tui help first-portal"
    ): (
        "bitsheet-tui bir Bitrix24 portalının kopyasını bir veritabanında tutar. Portala gelen webhook "
        "üzerinden sorar; bunu portalda bir yönetici oluşturur: Geliştirici kaynakları (Developer resources) "
        "> Other > Inbound webhook; yetkileri (scope) crm, task, user, department ve im. Yalnızca okur. "
        "Tıklama tıklama: bitsheet-tui help first-portal"
    ),
    (
        "Paste its address here. It is a password, so it is not shown; it is written to one file that only "
        "you may read."
    ): (
        "Adresini buraya yapıştırın. Bu bir paroladır, o yüzden gösterilmez; yalnızca sizin okuyabileceğiniz "
        "bir dosyaya yazılır."
    ),
    "A SQLite file needs nothing else. For PostgreSQL: postgresql://user:password@host/database": (
        "SQLite dosyası başka bir şey gerektirmez. PostgreSQL için: postgresql://kullanıcı:parola@sunucu/veritabanı"
    ),
    "Type how often changes are read: seconds, or minutes such as 5 min.": (
        "Değişiklikler ne sıklıkta okunsun: saniye ya da 5 dk gibi dakika yazın."
    ),
    "All tables are mirrored. To leave some out: tab to the list, space.": (
        "Tüm tablolar aynalanır. Bazılarını dışarıda bırakmak için: tab ile listeye geçin, boşluk."
    ),
    "This is written to {path}, for you alone to read:": (
        "Şu dosyaya, yalnızca sizin okuyabileceğiniz biçimde yazılacak: {path}"
    ),
    "enter next   ^d try the demo instead   esc quit": "enter ileri   ^d yerine demoyu dene   esc çık",
    "enter next   ^r ask again   esc back": "enter ileri   ^r yeniden sor   esc geri",
    "enter test, then next   esc back": "enter sına, sonra ileri   esc geri",
    "enter next   tab list   esc back": "enter ileri   tab liste   esc geri",
    "enter write it and start   esc back": "enter yaz ve başlat   esc geri",
    "Asking the portal…": "Portala soruluyor…",
    "Testing…": "Sınanıyor…",
    "Everything is as it has to be.": "Her şey olması gerektiği gibi.",
    (
        "Something is wrong. In the portal: Developer resources > Integrations, choose the webhook, mend it; "
        "^r asks again. enter goes on all the same."
    ): (
        "Bir sorun var. Portalda: Geliştirici kaynakları (Developer resources) > Integrations, webhook'u "
        "seçip düzeltin; ^r yeniden sorar. enter yine de ilerler."
    ),
    "nothing was written; start again, or try bitsheet-tui --demo": (
        "hiçbir şey yazılmadı; yeniden başlatın ya da bitsheet-tui --demo ile deneyin"
    ),
    "At least one table must be left.": "En az bir tablo kalmalı.",
    "It cannot be written: {why}": "Yazılamıyor: {why}",
    "The address {why}": "Adres {why}",
    "The address is https://HOST/rest/USER/CODE/": "Adres şu biçimdedir: https://SUNUCU/rest/KULLANICI/KOD/",
}
