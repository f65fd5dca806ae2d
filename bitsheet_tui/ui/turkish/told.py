"""What the engine says: alerts, answers to commands, findings of the first run, what is wrong with answers."""

SENTENCES = {
    # alerts
    "{count} {noun} held: {why}": "{count} silme bekletiliyor: {why}",
    (
        "Nothing is marked meanwhile. Should the webhook have lost a right, give it back: this ends by itself. "
        "If the rows are gone indeed, confirm with y on the table, or with: bitsheet-tui confirm {table}"
    ): (
        "Bu sırada hiçbir şey işaretlenmez. Webhook bir yetkisini yitirdiyse geri verin: bu kendiliğinden biter. "
        "Satırlar gerçekten silindiyse tabloda y ile ya da şununla onaylayın: bitsheet-tui confirm {table}"
    ),
    "{name} is behind on the change feed: it moved {days} days ago, up to {lines} lines are kept for it": (
        "{name} değişiklik akışında geride: {days} gün önce ilerledi, onun için {lines} satıra kadar tutuluyor"
    ),
    "Start what follows by it again, or forget it: bitsheet-tui changes --cursor {name} --drop": (
        "Onunla izleyeni yeniden başlatın ya da unutun: bitsheet-tui changes --cursor {name} --drop"
    ),
    "a program has been reading the mirror without a break: {size} GB wait for it to let go, and grow": (
        "bir program aynayı ara vermeden okuyor: {size} GB onun bırakmasını bekliyor ve büyüyor"
    ),
    (
        "End its transaction, or the program; lsof names those that have the file open. The mirror goes on "
        "meanwhile, and the space is free again by itself."
    ): (
        "İşlemini ya da programı sonlandırın; dosyayı açık tutanları lsof gösterir. Ayna bu sırada sürer, "
        "yer de kendiliğinden boşalır."
    ),
    "{count} {noun} could not be stored and wait in quarantine with the reason": (
        "{count} satır kaydedilemedi, nedeniyle birlikte karantinada bekliyor"
    ),
    "{count} {noun} of another type than the field wait in quarantine, and are empty in their rows": (
        "alanının türüne uymayan {count} değer karantinada bekliyor; satırlarında yerleri boş"
    ),
    "bitsheet-tui quarantine lists them; they are tried again whenever they are read, and by --retry": (
        "bitsheet-tui quarantine bunları listeler; her okunduklarında ve --retry ile yeniden denenirler"
    ),
    "the comments of {count} {noun} are not readable: the webhook lacks the permission `{scope}`": (
        "{count} görevin yorumları okunamıyor: webhook'ta `{scope}` yetkisi yok"
    ),
    (
        "Tick `{scope}` in the settings of the webhook in the portal; they are read by themselves then. "
        "What was read before stays."
    ): (
        "Portalda webhook'un ayarlarında `{scope}` yetkisini işaretleyin; ardından kendiliğinden okunurlar. "
        "Önceden okunanlar kalır."
    ),
    # beside the mirror
    "the mirror is stale: no cycle has ended for too long": "ayna bayatladı: çok uzun süredir hiçbir döngü bitmedi",
    "bitsheet-tui status says what it does, and bitsheet-tui log what went wrong.": (
        "Ne yaptığını bitsheet-tui status, neyin ters gittiğini bitsheet-tui log söyler."
    ),
    "the mirror is paused, and grows stale": "ayna duraklatılmış, bayatlıyor",
    "bitsheet-tui resume ends the pause.": "Duraklatmayı bitsheet-tui resume bitirir.",
    "messages through {name} do not arrive: {why}": "iletiler ulaşmıyor, kanal {name}: {why}",
    "bitsheet-tui notify --test tries every channel.": "bitsheet-tui notify --test her kanalı dener.",
    "Apprise does not know such an address": "Apprise böyle bir adres tanımıyor",
    "it does not take the message": "iletiyi kabul etmiyor",
    "it does not take the message: {said}": "iletiyi kabul etmiyor: {said}",
    "it does not answer in time": "zamanında yanıt vermiyor",
    "notify.urls needs Apprise, which is not installed": "notify.urls için Apprise gerekir, kurulu değil",
    "the heartbeat is sent in vain: {why}": "yaşam sinyali boşa gidiyor: {why}",
    "Look at notify.heartbeat_url: whoever waits for it believes that nothing runs.": (
        "notify.heartbeat_url ayarına bakın: sinyali bekleyen, hiçbir şeyin çalışmadığını sanır."
    ),
    "it answers {count}": "{count} ile yanıt veriyor",
    "it cannot be reached": "ulaşılamıyor",
    "it is no address": "adres değil",
    "the question {name} is not answered: {why}": "soru yanıtlanamıyor, {name}: {why}",
    "it takes longer than {seconds} s": "{seconds} sn'den uzun sürüyor",
    "a value does not fit what is done with it (SQLSTATE {said})": "bir değer yapılan işleme uymuyor (SQLSTATE {said})",
    "its answer has more than {count} rows": "yanıtı {count} satırdan uzun",
    "Mend the question in the configuration, and let it be read again (SIGHUP, or a new start).": (
        "Soruyu yapılandırmada düzeltin ve yeniden okutun (SIGHUP ya da yeniden başlatma)."
    ),
    # why deletions are held
    "the webhook acts as user {now} now, and acted as {before}": (
        "webhook şimdi {now} numaralı kullanıcı adına çalışıyor, önceden {before} adına çalışıyordu"
    ),
    "the webhook's owner is no administrator any more": "webhook'un sahibi artık yönetici değil",
    "the webhook has lost the scope {scopes}": "webhook şu yetkiyi yitirdi: {scopes}",
    "all {count} of its rows seem to be gone": "{count} satırının tümü silinmiş görünüyor",
    "{gone} of its {rows} rows seem to be gone, more than {share}": (
        "{rows} satırından {gone} tanesi silinmiş görünüyor, sınır olan {share} aşıldı"
    ),
    "{gone} of its {rows} rows seem to be gone after {before} today, above {share}": (
        "bugün {before} satırdan sonra {rows} satırından {gone} tanesi daha silinmiş görünüyor, "
        "sınır olan {share} aşıldı"
    ),
    "comments of {count} discussions are not shown any more, and nothing proves them gone": (
        "{count} tartışmanın yorumları artık gösterilmiyor; silindiklerini kanıtlayan bir şey yok"
    ),
    # what the portal's time budget does to a table
    "the portal's time budget for this method is used up": "portalın bu yönteme tanıdığı süre doldu",
    # how columns changed
    "{first}; {second}": "{first}; {second}",
    "added {names}": "eklenen {names}",
    "widened {names}": "metne çevrilen {names}",
    "retyped {names}": "türü değişen {names}",
    "retired {names}": "portaldan kalkan {names}",
    # answers to commands
    "done": "yapıldı",
    "not done: {why}": "yapılmadı: {why}",
    "no deletions of {table} are held": "bekletilen silme yok: {table}",
    "no table is named": "hiçbir tablo belirtilmedi",
    "{names} is disabled: enable it first": "kapalı: {names}; önce açın",
    "everything that is due": "zamanı gelen her şey",
    "{names} is read": "okunuyor: {names}",
    "{names} are read": "okunuyor: {names}",
    "{names} is read again from scratch ({rows} rows)": "baştan yeniden okunuyor: {names} ({rows} satır)",
    "{names} are read again from scratch ({rows} rows)": "baştan yeniden okunuyor: {names} ({rows} satır)",
    "what changed in {names} since {since} is read again": (
        "{since} gününden beri değişenler yeniden okunuyor: {names}"
    ),
    "{table} is compared once more, and what is gone of {held} held rows is marked,": (
        "bir kez daha karşılaştırılıyor: {table}; bekletilen {held} satırdan silinmiş olanlar işaretlenir"
    ),
    "a while": "bir süredir",
    "paused already, since {at}": "zaten duraklatılmış, {at} saatinden beri",
    "paused: nothing is asked of the portal until somebody resumes{more}": (
        "duraklatıldı: biri sürdürene kadar portala hiçbir şey sorulmaz{more}"
    ),
    "; cycle {cycle} stands still after the page in hand": "; döngü {cycle} eldeki sayfadan sonra bekler",
    "not paused: there is nothing to resume": "duraklatılmamış: sürdürülecek bir şey yok",
    "resumed: cycle {cycle} goes on": "sürdürülüyor: döngü {cycle} devam ediyor",
    "resumed after a pause since {at}": "{at} saatinden beri süren duraklamadan sonra sürdürülüyor",
    "paused since {at}: {what} once somebody resumes": (
        "{at} saatinden beri duraklatılmış; biri sürdürünce: {what}"
    ),
    "{what} in the cycle after {cycle}, which is running": "{what}, çalışan döngü {cycle} bitince",
    "{what} now, in cycle {cycle}": "{what}, şimdi, döngü {cycle}",
    "{count} of {all} rows stored": "{all} satırdan {count} tanesi kaydedildi",
    "{count} of {all} values stored": "{all} değerden {count} tanesi kaydedildi",
    "nothing is in quarantine": "karantinada bir şey yok",
    "a cycle starts every {seconds} s instead of {before} s, until the engine ends; {kept}": (
        "motor durana kadar döngü {before} sn yerine {seconds} sn aralıkla başlar; {kept}"
    ),
    "to keep it: sync.interval = {seconds}": "kalıcı olması için: sync.interval = {seconds}",
    "at least one table must be left; pause stops everything": (
        "en az bir tablo kalmalı; duraklatmak her şeyi durdurur"
    ),
    "{names} is not read until it is enabled, or the engine ends; its rows stay": (
        "{names} açılana ya da motor durana kadar okunmaz; satırları kalır"
    ),
    "{names} are not read until they are enabled, or the engine ends; their rows stay": (
        "{names} açılana ya da motor durana kadar okunmaz; satırları kalır"
    ),
    "{names} is not disabled": "kapalı değil: {names}",
    "{names} are not disabled": "kapalı değil: {names}",
    "{names} are disabled: enable them first": "kapalı: {names}; önce açın",
    "{names} are read again, now, from where they were left": "{names} şimdi, kaldıkları yerden yeniden okunuyor",
    "{names} is read again, now, from where it was left": "{names} şimdi, kaldığı yerden yeniden okunuyor",
    "{count} waiting taken back": "bekleyen {count} istek geri alındı",
    "the resync of {names} is given up, its rows stay current": (
        "yeniden eşitlemesi bırakıldı: {names}; satırları güncel kalır"
    ),
    "nothing runs that can be given up: {why}": "bırakılabilecek bir şey çalışmıyor: {why}",
    "a cycle ends by itself, and the first reading of a table goes on: pause, or disable the table": (
        "döngü kendiliğinden biter, bir tablonun ilk okuması sürer: duraklatın ya da tabloyu kapatın"
    ),
    # of an engine that runs elsewhere
    "no instance was running": "çalışan bir süreç yoktu",
    "this console is read-only: it steers nothing": "bu konsol salt okunur: hiçbir şeyi yönetmez",
    "it stops once the commit in hand is finished": "eldeki kayıt bitince durur",
    "The lock file {path} is not used: {why}.": "{path} kilit dosyası kullanılmıyor: {why}.",
    "{path} is not used: {why}.": "{path} kullanılmıyor: {why}.",
    "Let store.url name the file that it leads to, if that is meant.": (
        "Amaçlanan buysa store.url onun gösterdiği dosyayı belirtsin."
    ),
    "Remove it: what it leads to would be emptied.": "Onu silin: gösterdiği dosya boşaltılırdı.",
    "{store} is not used: its table {table} {why}.": "{store} kullanılmıyor: {table} tablosu {why}.",
    "Whatever it does would be done with the rights of bitsheet-tui. Drop it, let it belong to the role of"
    " store.url, or set store.schema to another one.": (
        "Yaptığı her şey bitsheet-tui'nin haklarıyla yapılırdı. Onu kaldırın, store.url'deki role verin ya da"
        " store.schema için başka bir şema seçin."
    ),
    "{table} is not written: {what} {why}.": "{table} yazılmıyor: {what} {why}.",
    "It would run with the rights of bitsheet-tui: drop it, or let it belong to that role.": (
        "bitsheet-tui'nin haklarıyla çalışırdı: onu kaldırın ya da o role verin."
    ),
    "no instance is running": "çalışan bir süreç yok",
    "the instance does not answer; the request was taken back": "süreç yanıt vermiyor; istek geri alındı",
    "the other instance": "öteki süreç",
    "{who} has ended: this console has taken the mirror over": "{who} sona erdi: aynayı bu konsol devraldı",
    # findings of the first run
    "{host} answers": "{host} yanıt veriyor",
    "{host} does not answer": "{host} yanıt vermiyor",
    "check the address and the network": "adrese ve ağa bakın",
    "accepted, belongs to {who}": "kabul edildi, sahibi {who}",
    "user {id}": "kullanıcı {id}",
    "user {id}, {name}": "kullanıcı {id}, {name}",
    "the webhook's owner is an administrator": "webhook'un sahibi yönetici",
    "the webhook's owner is no administrator: what they may not see is not mirrored": (
        "webhook'un sahibi yönetici değil: göremedikleri aynalanmaz"
    ),
    "create the webhook as an administrator": "webhook'u yönetici olarak oluşturun",
    "not told": "belirtilmedi",
    "missing: {names}": "eksik: {names}",
    "add them to the webhook in the portal": "portalda webhook'a ekleyin",
    "readable: {names}": "okunabilir: {names}",
    "honoured by every list that can be read": "okunabilen her liste uyuyor",
    "a cycle every {seconds} s is {asked} requests a second of {rate}, and about {used} s of the {budget}"
    " in ten minutes for {method}": (
        "{seconds} sn'de bir döngü, saniyede {rate} isteğin {asked} kadarı, {method} için de on dakikadaki"
        " {budget} sn'nin yaklaşık {used} kadarıdır"
    ),
    "a cycle every {seconds} s is {asked} requests a second of {rate}": (
        "{seconds} sn'de bir döngü, saniyede {rate} isteğin {asked} kadarıdır"
    ),
    "{field}: no description {of_table}has such a field": "{field}: hiçbir tanımda böyle bir alan yok ({of_table})",
    "nothing is kept from being read by it: is it spelt right?": (
        "bununla hiçbir şey gizlenmiyor: doğru yazıldı mı?"
    ),
    "a longer sync.interval leaves room for what changes": (
        "daha uzun bir sync.interval değişenlere yer bırakır"
    ),
    "the portal is {seconds} s {side} this computer": "portalın saati bu bilgisayara göre {seconds} sn {side}",
    "ahead of": "ileride",
    "behind": "geride",
    "set this computer's clock; the mirror itself goes by the portal's": (
        "bu bilgisayarın saatini ayarlayın; ayna portalın saatine göre işler"
    ),
    "from task chats ({chat}) and, for old tasks, from {forum}": (
        "görev sohbetlerinden ({chat}), eski görevlerde {forum} üzerinden"
    ),
    "comments of {which} cannot be read": "yorumları okunamıyor: {which}",
    "old tasks": "eski görevler",
    "new tasks": "yeni görevler",
    "add the scope {scope} to the webhook": "webhook'a {scope} yetkisini ekleyin",
    "add the scopes {forum} and {chat} to the webhook": "webhook'a {forum} ve {chat} yetkilerini ekleyin",
    "cannot be read": "okunamıyor",
    "{label}, held by the running instance (pid {pid})": "{label}, çalışan süreç tutuyor (pid {pid})",
    "{file} will be made by the first cycle": "{file} ilk döngüde oluşturulacak",
    "{file} cannot be made: {folder} cannot be written": "{file} oluşturulamıyor: {folder} yazılabilir değil",
    "{at} is served by the running instance (pid {pid})": "{at} adresinde çalışan süreç yanıt veriyor (pid {pid})",
    "{at} is free": "{at} boş",
    "{at} is free, its token is in {file}": "{at} boş, belirteci {file} içinde",
    "{at} cannot be used: {reason}": "{at} kullanılamıyor: {reason}",
    "let metrics.listen name another address; the mirror goes on without it": "metrics.listen başka bir adresi göstersin; ayna onsuz da sürer",
    "{name}: Apprise knows the service": "{name}: Apprise hizmeti tanıyor",
    "{name}: {why}": "{name}: {why}",
    "see `bitsheet-tui help notifications`": "bkz. `bitsheet-tui help notifications`",
    "let store.url name another file": "store.url başka bir dosyayı göstersin",
    "this process may open {files} files at once, and needs {least}": (
        "bu süreç aynı anda {files} dosya açabiliyor, {least} gerekiyor"
    ),
    "raise the limit: ulimit -n, or LimitNOFILE= of the service": (
        "sınırı yükseltin: ulimit -n, ya da hizmetin LimitNOFILE= ayarı"
    ),
    "let log.file name another file": "log.file başka bir dosyayı göstersin",
    # what is wrong with an answer of the first run; each goes on a noun: "Adres …"
    "must begin with https:// as in {shape}": "{shape} gibi https:// ile başlamalı",
    "must not contain a user name or password before the host": (
        "sunucudan önce kullanıcı adı ya da parola içermemeli"
    ),
    "names no host; it must look like {shape}": "bir sunucu belirtmiyor; şöyle olmalı: {shape}",
    "must be https: plain http would send the webhook in the clear": (
        "https olmalı: düz http webhook'u açıkta gönderir"
    ),
    "must end with /rest/USER/CODE/ as in {shape}": "{shape} gibi /rest/USER/CODE/ ile bitmeli",
    "contains blanks or invisible characters": "boşluk ya da görünmez karakter içeriyor",
    "is not an address like {shape}": "şunun gibi bir adres değil: {shape}",
    "cannot be told from its password: percent-encode the password"
    " (% as %25, / as %2F, ? as %3F, # as %23, & as %26), and an @ behind the host as %40": (
        "parolasından ayırt edilemiyor: parolayı yüzde kodlamasıyla yazın"
        " (% yerine %25, / yerine %2F, ? yerine %3F, # yerine %23, & yerine %26), sunucudan sonraki @ yerine %40"
    ),
    "has an option that libpq has not: if it is of the password, percent-encode that (& as %26)": (
        "libpq'de olmayan bir seçenek içeriyor: parolanın parçasıysa onu yüzde kodlamasıyla yazın (& yerine %26)"
    ),
    "must begin with sqlite:/// or postgresql://": "sqlite:/// ya da postgresql:// ile başlamalı",
    "must name a file, as in sqlite:///bitsheet.db": "sqlite:///bitsheet.db gibi bir dosya belirtmeli",
    "must be seconds, such as 300, or minutes, such as 5 min": "300 gibi saniye ya da 5 dk gibi dakika olmalı",
    "must be from {least} second to a day": "{least} saniye ile bir gün arasında olmalı",
}
