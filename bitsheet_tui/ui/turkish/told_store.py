"""What is said of the mirror's database, and what to do about it."""

SENTENCES = {
    "There is no mirror to read yet.": "Henüz okunacak bir ayna yok.",
    "There is no mirror yet.": "Henüz ayna yok.",
    "There is no mirror at {place} yet.": "Henüz ayna yok: {place}.",
    "Start bitsheet-tui, or let store.url name the mirror.": (
        "bitsheet-tui'yi başlatın ya da store.url ile aynayı gösterin."
    ),
    (
        "The mirror {label} was made by an older bitsheet-tui "
        "(version {found} of its tables; this one reads {known})."
    ): (
        "Ayna {label} daha eski bir bitsheet-tui ile yapılmış (tablo sürümü {found}; bu sürüm {known} okur)."
    ),
    "Start bitsheet-tui, or its service again: that brings it forward, and every row stays.": (
        "bitsheet-tui'yi ya da hizmetini yeniden başlatın: ayna yükseltilir, her satır kalır."
    ),
    (
        "The mirror {label} was made by a newer bitsheet-tui "
        "(version {found} of its tables; this one knows {known})."
    ): (
        "Ayna {label} daha yeni bir bitsheet-tui ile yapılmış (tablo sürümü {found}; bu sürüm {known} bilir)."
    ),
    "Install the newer bitsheet-tui; nothing was changed.": (
        "Daha yeni bitsheet-tui'yi kurun; hiçbir şey değiştirilmedi."
    ),
    # its copy
    "The copy of {path} is not sound, so there is none: {why}.": "{path} dosyasının kopyası sağlam değil, silindi: {why}.",
    "The mirror itself is damaged: restore an older copy, or let it be read anew.": (
        "Aynanın kendisi bozuk: daha eski bir kopyayı geri yükleyin ya da baştan okutun."
    ),
    "{path} cannot be written: {why}.": "{path} yazılamıyor: {why}.",
    "Name a file in a folder of your own.": "Kendi klasörünüzde bir dosya belirtin.",
    "Free some space.": "Yer açın.",
    "The mirror {path} is damaged, so there is no copy of it: {why}.": "Ayna bozuk, kopyası alınamadı: {path}: {why}.",
    "Restore an older copy, or let it be read anew.": "Daha eski bir kopyayı geri yükleyin ya da baştan okutun.",
    "{path} cannot be copied: {why}.": "{path} kopyalanamıyor: {why}.",
    "{label} refuses the row {row} of {table}: {why}.": "{label}, {table} tablosunun {row} satırını reddediyor: {why}.",
    "It cannot be kept in such a database.": "Böyle bir veritabanında tutulamaz.",
    "Let store.url name the mirror itself. To make a mirror of its own of it: bitsheet-tui replicate --promote": (
        "store.url aynanın kendisini göstersin. Kopyayı kendi başına bir ayna yapmak için: bitsheet-tui replicate --promote"
    ),
    "{label} does not answer.": "{label} yanıt vermiyor.",
    # its change feed
    (
        "The change feed of {label} is kept from line {first} on: those after {after} are"
        " not all there any more."
    ): "{label} değişiklik akışı {first} numaralı satırdan başlıyor: {after} sonrasının hepsi artık yok.",
    (
        "The change feed of {label} ends with line {newest}, before {after}: it is another"
        " one, or of an older copy of the mirror."
    ): (
        "{label} değişiklik akışı {newest} numaralı satırda, {after} satırından önce bitiyor: başka bir akış ya da"
        " aynanın daha eski bir kopyası."
    ),
    "Begin anew, with a snapshot of the tables.": "Tabloların anlık görüntüsüyle baştan başlayın.",
    "The snapshot of {label} is lost.": "{label} anlık görüntüsü kayboldu.",
    "another process follows the change feed with the cursor {name}": (
        "değişiklik akışını {name} imleciyle başka bir süreç izliyor"
    ),
    "Give this one a name of its own, or end that one.": "Buna ayrı bir ad verin ya da ötekini sonlandırın.",
    # a lake that follows it
    "another process keeps the lake {path} current": "{path} gölünü başka bir süreç güncel tutuyor",
    "{path} is not what it should be.": "{path} olması gerektiği gibi değil.",
    "Remove the folder, and begin anew.": "Klasörü silin ve baştan başlayın.",
    "The lake {path} is not of {label}, or of a newer state of it.": (
        "{path} gölü {label} aynasının değil ya da onun daha yeni bir durumunun."
    ),
    "Name another folder, or remove this one to begin anew.": (
        "Başka bir klasör belirtin ya da baştan başlamak için bunu silin."
    ),
    "There is no Delta table at {path}.": "{path} içinde Delta tablosu yok.",
    "No space is left for {path}.": "{path} için yer kalmadı.",
    "Make room: the last version is whole.": "Yer açın: son sürüm bütün.",
    "{path} cannot be kept current: {why}": "{path} güncel tutulamıyor: {why}",
    # whose it is
    "another instance holds this mirror{known}": "bu aynayı başka bir süreç tutuyor{known}",
    "Stop it first, or use its own pause, resume and sync; status works meanwhile.": (
        "Önce onu durdurun ya da onun pause, resume ve sync komutlarını kullanın; status bu sırada da çalışır."
    ),
    "The lock file {path} cannot be opened: {why}.": "Kilit dosyası {path} açılamıyor: {why}.",
    "The folder of the mirror must be writable for bitsheet-tui.": (
        "Aynanın klasörüne bitsheet-tui yazabilmeli."
    ),
    # SQLite
    "There is no folder {path}.": "Klasör yok: {path}.",
    "Create it, or change store.url.": "Oluşturun ya da store.url değerini değiştirin.",
    "{path} is a folder.": "{path} bir klasör.",
    "Name a file in store.url.": "store.url içinde bir dosya belirtin.",
    "The file {path} {what}; it was not touched.": "{path} dosyasına dokunulmadı: {what}.",
    "is not a SQLite database": "SQLite veritabanı değil",
    "is another program's database": "başka bir programın veritabanı",
    "Let store.url name another file.": "store.url başka bir dosyayı göstersin.",
    "The file {path} was moved, deleted or replaced while it was in use.": (
        "{path} dosyası kullanılırken taşındı, silindi ya da değiştirildi."
    ),
    "Restart bitsheet-tui to go on with the file that is there now.": (
        "Şimdi orada olan dosyayla sürdürmek için bitsheet-tui'yi yeniden başlatın."
    ),
    (
        "{path} is not on a local disk but on {kind}, where SQLite may hang or be damaged, and where nobody "
        "else may read it meanwhile: let store.url name a local disk, or PostgreSQL"
    ): (
        "{path} yerel bir diskte değil, {kind} üzerinde; orada SQLite takılabilir ya da bozulabilir, bu sırada "
        "başkası da okuyamaz: store.url yerel bir diski ya da PostgreSQL'i göstersin"
    ),
    "There is no space left for {path}.": "{path} için yer kalmadı.",
    "Free some space; the mirror goes on by itself.": "Yer açın; ayna kendiliğinden sürer.",
    "The file {path} is damaged or not a SQLite database; nothing in it was changed.": (
        "{path} dosyası bozuk ya da bir SQLite veritabanı değil; içinde hiçbir şey değiştirilmedi."
    ),
    (
        "Move it away together with {wal} and {shm}, which belong to no other file. "
        "Restore it from a backup then, or start without to read everything anew."
    ): (
        "Onu {wal} ve {shm} ile birlikte başka yere taşıyın; bunlar başka bir dosyaya ait olamaz. Sonra bir "
        "yedekten geri yükleyin ya da her şeyi baştan okumak için onsuz başlatın."
    ),
    "{path} refuses a statement: {why}.": "{path} bir deyimi reddediyor: {why}.",
    "What it names keeps the table from being mirrored; the other tables go on.": (
        "Adı geçen nesne tablonun yansıtılmasını engelliyor; öteki tablolar sürüyor."
    ),
    "Something that somebody made in {path} cannot be used by this SQLite: {why}.": (
        "{path} içinde birinin oluşturduğu bir nesneyi bu SQLite kullanamıyor: {why}."
    ),
    "Drop what it names; the mirror goes on by itself then.": (
        "Adı geçen nesneyi silin; ayna sonra kendiliğinden sürer."
    ),
    "The {kind} {name} depends on columns of {table} that have to change, and does not allow it: {why}.": (
        "{name} ({kind}), {table} içinde değişmesi gereken sütunlara bağlı ve buna izin vermiyor: {why}."
    ),
    "Drop it, and make it again afterwards; the mirror goes on by itself then.": (
        "Onu silin, sonra yeniden oluşturun; ayna kendiliğinden sürer."
    ),
    "{table} cannot be changed while it is in use{by}.": "{table} kullanımdayken değiştirilemez{by}.",
    " by {who}": ": {who}",
    "Another program is writing to {path}.": "Başka bir program şuraya yazıyor: {path}.",
    "A mirror that runs tries again by itself.": "Çalışan bir ayna kendiliğinden yeniden dener.",
    "The file {path} cannot be written: {why}.": "{path} dosyasına yazılamıyor: {why}.",
    "bitsheet-tui needs to write to the file and to its folder.": (
        "bitsheet-tui'nin dosyaya ve klasörüne yazabilmesi gerekir."
    ),
    "A limit of this process keeps {path} from growing.": "Bu sürecin bir sınırı {path} dosyasını büyütmüyor.",
    "Raise the limit of file sizes (ulimit -f, LimitFSIZE=) and start again.": (
        "Dosya boyutu sınırını (ulimit -f, LimitFSIZE=) yükseltip yeniden başlatın."
    ),
    "The file system of {path} has become read-only.": "{path} dosyasının bulunduğu dosya sistemi salt okunur oldu.",
    "The kernel's log says why (dmesg). Repair and mount it; the mirror goes on by itself.": (
        "Nedeni çekirdek logundadır (dmesg). Onarıp bağlayın; ayna kendiliğinden sürer."
    ),
    "SQLite failed on {path}: {why}.": "SQLite hatası, {path}: {why}.",
    "{path} cannot be opened: {why}.": "{path} açılamıyor: {why}.",
    # PostgreSQL
    "{label} cannot be reached: {why}.": "{label} veritabanına ulaşılamıyor: {why}.",
    "There is no space left at {label}.": "{label} üzerinde yer kalmadı.",
    "{label} reports damage: {why}.": "{label} bozulma bildiriyor: {why}.",
    "Restore it from a backup.": "Bir yedekten geri yükleyin.",
    "{label} refuses a statement: {why}.": "{label} bir deyimi reddediyor: {why}.",
    "{label} is encoded as {encoding}, in which not every text can be kept.": (
        "{label} {encoding} ile kodlanmış; bununla her metin saklanamaz."
    ),
    "Let store.url name another database: {statement};": "store.url başka bir veritabanı göstersin: {statement};",
    "The mirror in the schema public of {label} belongs to the role {role}.": (
        "{label} içinde public şemasındaki ayna {role} rolüne ait."
    ),
    "If it is yours, set store.schema to public; otherwise to a schema of your own.": (
        "Sizinse store.schema değerini public yapın; değilse kendi şemanızı yazın."
    ),
    "{label} is in use: {why}.": "{label} kullanımda: {why}.",
    "Check the rights of the role.": "Rolün haklarına bakın.",
    "{label} may only be read: {why}.": "{label} yalnızca okunabiliyor: {why}.",
    "It goes on by itself once it may write. If it is a standby, let store.url name its primary.": (
        "Yazabildiğinde kendiliğinden sürer. Bu bir yedek sunucuysa store.url asıl sunucuyu göstersin."
    ),
    "{label} refuses: {why}.": "{label} reddediyor: {why}.",
    "Check the user, the password and the rights of the role.": (
        "Kullanıcıya, parolaya ve rolün haklarına bakın."
    ),
    "{label} did not answer in time.": "{label} zamanında yanıt vermedi.",
    "{label} is not as it was left: its newest commits are lost, or others were made.": (
        "{label} bırakıldığı gibi değil: en yeni kayıtları yitmiş ya da başkaları eklenmiş."
    ),
    "Nothing to do: what is missing is read again.": "Yapılacak bir şey yok: eksikler yeniden okunur.",
    "{label} gives every statement another session, so a lock means nothing there.": (
        "{label} her deyime başka bir oturum veriyor, bu yüzden orada kilidin anlamı yok."
    ),
    "Connect to PostgreSQL itself, or let PgBouncer pool sessions instead of transactions.": (
        "Doğrudan PostgreSQL'e bağlanın ya da PgBouncer işlemleri değil oturumları havuzlasın."
    ),
    "A PostgreSQL mirror needs the psycopg driver, which is not installed.": (
        "PostgreSQL aynası kurulu olmayan psycopg sürücüsünü gerektirir."
    ),
    "Install bitsheet-tui with its extra postgres: see `bitsheet-tui help install`.": (
        "bitsheet-tui'yi postgres ek paketiyle kurun: bkz. `bitsheet-tui help install`."
    ),
    "{name} cannot be the name of a table.": "{name} bir tablonun adı olamaz.",
    "Use a-z, 0-9 and _.": "a-z, 0-9 ve _ kullanın.",
    "{label} has a table {name} that bitsheet-tui did not make.": (
        "{label} içinde bitsheet-tui'nin oluşturmadığı {name} tablosu var."
    ),
    "Let store.schema or store.url name another place.": "store.schema ya da store.url başka bir yeri göstersin.",
    # its address
    "The store URL has no scheme.": "Veritabanı adresinde şema (sqlite, postgresql) yok.",
    "The store URL has the unknown scheme {scheme}.": "Veritabanı adresinin şeması tanınmıyor: {scheme}.",
    "The store URL does not name a SQLite file.": "Veritabanı adresi bir SQLite dosyası göstermiyor.",
    "The store URL does not name a PostgreSQL database.": (
        "Veritabanı adresi bir PostgreSQL veritabanı göstermiyor."
    ),
    "The store URL cannot be read.": "Veritabanı adresi okunamıyor.",
    "store.url is sqlite:///bitsheet.db or postgresql://user:password@host/database": (
        "store.url şöyledir: sqlite:///bitsheet.db ya da postgresql://kullanıcı:parola@sunucu/veritabanı"
    ),
    # rows that could not be stored
    "{field}: {why}": "{field}: {why}",
    "the database refuses it: {why}": "veritabanı reddediyor: {why}",
    "the number has more than 64 bits": "sayı 64 bitten büyük",
    "the number has too many digits": "sayının basamağı çok fazla",
    "not a whole number": "tam sayı değil",
    "not a number": "sayı değil",
    "not a finite number": "sonlu bir sayı değil",
    "neither yes nor no": "ne evet ne hayır",
    "not a moment": "bir zaman değil",
    "not a day": "bir gün değil",
    "not JSON": "JSON değil",
    "nested too deeply": "çok derin iç içe",
    # a stream of JetStream that it is published to
    "The stream {stream} has line {seq}, and this mirror only {newest}.": (
        "{stream} akışında {seq} satırı var, bu aynada ise yalnızca {newest}."
    ),
    "It is another mirror's, or this one was restored: give it a stream of its own.": (
        "Akış başka bir aynanın, ya da bu ayna yedekten döndü: ona kendine ait bir akış verin."
    ),
    "The stream {stream} does not take the subject {subject}.> of the lines.": (
        "{stream} akışı satırların konusunu almıyor: {subject}.>"
    ),
    "Add it: nats stream edit {stream} --subjects '{subject}.>', or name another stream.": (
        "Ekleyin: nats stream edit {stream} --subjects '{subject}.>', ya da başka bir akış yazın."
    ),
    "There is no stream {stream} any more.": "{stream} akışı artık yok.",
    "Forget the cursor (--drop) and begin anew: the stream is made again, and filled.": (
        "İmleci unutturun (--drop) ve yeniden başlayın: akış yeniden kurulur ve doldurulur."
    ),
    "The stream {stream} has messages that are no lines of a change feed.": (
        "{stream} akışında değişiklik akışının satırı olmayan iletiler var."
    ),
    "Give the feed a stream of its own.": "Değişiklik akışına kendine ait bir akış verin.",
    "Line {id} of {table} is longer than the server takes ({most} bytes).": (
        "{table} tablosunun {id} satırı sunucunun aldığından uzun ({most} bayt)."
    ),
    "Raise max_payload in the configuration of the NATS servers.": (
        "NATS sunucularının yapılandırmasında max_payload değerini yükseltin."
    ),
    "Line {id} of {table} is longer than the stream {name} takes ({most} bytes).": (
        "{table} tablosunun {id} satırı {name} akışının aldığından uzun ({most} bayt)."
    ),
    "Let it take longer ones: nats stream edit {name} --max-msg-size=-1": (
        "Daha uzunlarını almasını sağlayın: nats stream edit {name} --max-msg-size=-1"
    ),
    "{servers} cannot be published to: {reason}.": "{servers} sunucularına yayımlanamıyor: {reason}.",
    "Check the servers, the user and its rights; nothing of the feed is lost.": (
        "Sunuculara, kullanıcıya ve haklarına bakın; akıştan hiçbir şey kaybolmaz."
    ),
}
