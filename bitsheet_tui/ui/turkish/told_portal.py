"""What is said of the portal: refusals, faults, odd answers, and what to do about each."""

SENTENCES = {
    "{text} It says: {said}": "{text} Portalın sözü: {said}",
    # refusals
    "The portal says that it is asked too often.": "Portal, kendisine çok sık soru sorulduğunu söylüyor.",
    "Another program may use the portal from this address; it is tried again by itself.": (
        "Başka bir program portalı bu adresten kullanıyor olabilir; kendiliğinden yeniden denenir."
    ),
    "{method} has used up its time on the portal for now.": "{method} portaldaki süresini şimdilik doldurdu.",
    "The portal finds the request too big.": "Portal isteği çok büyük buluyor.",
    "The portal does not accept the webhook.": "Portal webhook'u kabul etmiyor.",
    "The portal does not accept the webhook: it was deleted, or its owner was dismissed.": (
        "Portal webhook'u kabul etmiyor: silinmiş ya da sahibi işten çıkarılmış."
    ),
    "The portal's plan does not include REST.": "Portalın tarifesi REST'i içermiyor.",
    "The webhook's owner may not read {method}.": "Webhook'un sahibi şunu okuyamaz: {method}.",
    "The webhook lacks the permission `{scope}`, which {method} needs.": (
        "Webhook'ta {method} için gereken `{scope}` yetkisi yok."
    ),
    "The portal has no method {method}, or the webhook may not see it.": (
        "Portalda {method} yöntemi yok ya da webhook onu göremiyor."
    ),
    "There is no REST interface of a portal at this address.": "Bu adreste bir portalın REST arayüzü yok.",
    "The portal waits for an administrator to confirm {method}.": (
        "Portal bir yöneticinin şunu onaylamasını bekliyor: {method}."
    ),
    "The portal was deleted.": "Portal silinmiş.",
    "The portal has an internal error.": "Portalda bir iç hata var.",
    "The portal has an internal error (HTTP {status}).": "Portalda bir iç hata var (HTTP {status}).",
    "Bitrix24 has blocked REST on this portal.": "Bitrix24 bu portalda REST'i engelledi.",
    "The portal wants https.": "Portal https istiyor.",
    "The portal gives {method} to applications only, not to webhooks.": (
        "Portal {method} yöntemini yalnızca uygulamalara açıyor, webhook'lara değil."
    ),
    "The portal turns us away without saying why.": "Portal nedenini söylemeden geri çeviriyor.",
    "The portal took too long.": "Portal çok uzun sürdü.",
    "The portal rejects {method}.": "Portal {method} isteğini reddediyor.",
    "The portal rejects {method} without a word (HTTP {status}).": (
        "Portal {method} isteğini açıklamasız reddediyor (HTTP {status})."
    ),
    "The portal has moved{where}.": "Portal taşınmış{where}.",
    " to {host}": ", yeni adresi {host}",
    # what to do about them
    "Nothing to do: it is tried again.": "Yapılacak bir şey yok: yeniden denenir.",
    "Nothing to do: it resumes by itself.": "Yapılacak bir şey yok: kendiliğinden sürer.",
    "Nothing to do: less is asked for at a time.": "Yapılacak bir şey yok: bir seferde daha azı istenir.",
    (
        "Make a new inbound webhook in the portal (Developer resources, Other, Inbound webhook) as an active "
        "administrator, and put its address into the configuration."
    ): (
        "Etkin bir yönetici olarak portalda yeni bir gelen webhook oluşturun (Developer resources, Other, "
        "Inbound webhook) ve adresini yapılandırmaya yazın."
    ),
    "REST needs a commercial plan or a subscription: check the plan of the portal.": (
        "REST ücretli bir tarife ya da abonelik gerektirir: portalın tarifesine bakın."
    ),
    "Give the webhook's owner the right to read this, for everybody's records, or make him an administrator.": (
        "Webhook'un sahibine bunu herkesin kayıtları için okuma hakkı verin ya da onu yönetici yapın."
    ),
    "Ask the support of Bitrix24 to lift the block; it is tried again by itself.": (
        "Engeli kaldırması için Bitrix24 desteğine başvurun; kendiliğinden yeniden denenir."
    ),
    ("The portal's version or plan lacks it; leave the table out with `tables` in [sync] if it stays so."): (
        "Portalın sürümünde ya da tarifesinde yok; böyle kalırsa tabloyu [sync] bölümündeki `tables` ile "
        "dışarıda bırakın."
    ),
    "This should not happen: please report it with this text.": (
        "Bu olmamalıydı: lütfen bu metinle birlikte bildirin."
    ),
    "Tick `{scope}` in the settings of the webhook in the portal.": (
        "Portalda webhook'un ayarlarında `{scope}` yetkisini işaretleyin."
    ),
    "Check the webhook's address.": "Webhook'un adresine bakın.",
    "Check the address of the portal.": "Portalın adresine bakın.",
    "Confirm the call in the portal as an administrator.": "Çağrıyı portalda yönetici olarak onaylayın.",
    "Use the webhook's https address.": "Webhook'un https adresini kullanın.",
    "If that is your portal, put its new address into the webhook in the configuration.": (
        "Bu sizin portalınızsa yapılandırmadaki webhook'a yeni adresini yazın."
    ),
    # on the way
    "The portal's certificate is not trusted: {why}.": "Portalın sertifikasına güvenilmiyor: {why}.",
    "no reason given": "neden belirtilmedi",
    "Check this machine's clock and certificates, and that no proxy opens the traffic; it is never ignored.": (
        "Bu makinenin saatine ve sertifikalarına, bir vekil sunucunun trafiği açıp açmadığına bakın; bu hiçbir "
        "zaman göz ardı edilmez."
    ),
    "The proxy that the environment names cannot be used.": "Ortamın belirttiği vekil sunucu kullanılamıyor.",
    "HTTPS_PROXY must be an http:// or https:// address; NO_PROXY may name the portal's host.": (
        "HTTPS_PROXY bir http:// ya da https:// adresi olmalı; NO_PROXY portalın makinesini adıyla içerebilir."
    ),
    "The certificate authorities that the environment names cannot be read.": (
        "Ortamın belirttiği sertifika yetkilileri okunamıyor."
    ),
    "SSL_CERT_FILE must be a file of certificates, SSL_CERT_DIR a folder of them.": (
        "SSL_CERT_FILE bir sertifika dosyası, SSL_CERT_DIR böyle dosyaların klasörü olmalı."
    ),
    "The portal's name cannot be looked up.": "Portalın adı çözümlenemiyor.",
    "No secure connection to the portal could be made.": "Portala güvenli bağlantı kurulamadı.",
    "No connection to the portal in time.": "Portala zamanında bağlanılamadı.",
    "The connection to the portal failed{why}.": "Portala bağlantı kurulamadı{why}.",
    "No complete answer of the portal within {seconds} seconds.": (
        "Portal {seconds} saniye içinde tam yanıt vermedi."
    ),
    "The answer was cut or damaged on its way.": "Yanıt yolda kesildi ya da bozuldu.",
    "The portal's answer is larger than {size} MB.": "Portalın yanıtı {size} MB'tan büyük.",
    "The portal's answer is larger than {count} values.": "Portalın yanıtı {count} değerden büyük.",
    "The answer is packed in a way that was not asked for.": "Yanıt istenmeyen bir biçimde sıkıştırılmış.",
    "A part of the portal's answer cannot be read.": "Portalın yanıtının bir bölümü okunamıyor.",
    # answers that cannot be used
    "The portal's answer cannot be used: {why} (HTTP {status}).": (
        "Portalın yanıtı kullanılamıyor: {why} (HTTP {status})."
    ),
    "{method} did not answer with a list of rows": "{method} bir satır listesiyle yanıt vermedi",
    "{method} does not answer with a list of rows.": "{method} bir satır listesiyle yanıt vermiyor.",
    "Nothing was stored.": "Hiçbir şey kaydedilmedi.",
    "{method} gave {count} rows for a page of {size}": "{method} {size} satırlık sayfa için {count} satır verdi",
    "{method} gave row {id} where only rows below {limit} were asked for": (
        "yalnızca {limit} altındaki satırlar istenmişken {method} {id} numaralı satırı verdi"
    ),
    "{method} gave row {id} where only rows above {limit} were asked for": (
        "yalnızca {limit} üstündeki satırlar istenmişken {method} {id} numaralı satırı verdi"
    ),
    "{method} ignores the filter >={name}": "{method} >={name} süzgecini yok sayıyor",
    "Nothing of it was stored; the table is tried again in the next cycle.": (
        "Bundan hiçbir şey kaydedilmedi; tablo sonraki döngüde yeniden denenir."
    ),
    "{method} ignores the filter on ID": "{method} ID süzgecini yok sayıyor",
    "{method} does not tell whether it has row {id}": "{method}, {id} numaralı satırın olup olmadığını söylemiyor",
    "{method} counts rows that it does not show, and not the same ones twice": (
        "{method} göstermediği satırlar sayıyor, her seferinde de başkalarını"
    ),
    "{method} counts {count} rows and does not show the same ones twice": (
        "{method} {count} satır sayıyor ve iki kez aynılarını göstermiyor"
    ),
    "Nothing is missed: the same changes are asked for again in the next cycle.": (
        "Hiçbir şey kaçırılmadı: aynı değişiklikler sonraki döngüde yeniden istenir."
    ),
    "{method} shows {shown} rows and counts {count}": "{method} {shown} satır gösteriyor, {count} satır sayıyor",
    "What it shows was stored and nothing was marked as deleted; it is read again in the next cycle.": (
        "Gösterdikleri kaydedildi, hiçbir şey silindi diye işaretlenmedi; sonraki döngüde yeniden okunur."
    ),
    "{method} gave other rows than it was asked for": "{method} istenenden başka satırlar verdi",
    "Nothing can be said of the table; try again.": "Tablo hakkında bir şey söylenemez; yeniden deneyin.",
    "the dictionary {name} is not whole: {why}": "{name} sözlüğü eksik: {why}",
    "the portal does not show as many as it counts": "portal saydığı kadarını göstermiyor",
    "What it holds was stored and nothing of it was marked as deleted; it is read again.": (
        "İçindekiler kaydedildi, hiçbiri silindi diye işaretlenmedi; yeniden okunur."
    ),
    "Nothing was marked as deleted; it is compared again later.": (
        "Hiçbir şey silindi diye işaretlenmedi; daha sonra yeniden karşılaştırılır."
    ),
    "{method} describes no fields.": "{method} hiçbir alan tanımlamıyor.",
    "The portal's {name} are no list.": "Portalın verdiği {name} bir liste değil.",
    "The portal's answer from the {source} is no list of comments.": (
        "Portalın {source} yanıtı bir yorum listesi değil."
    ),
    "The portal ignores the filter on {name} in {method}.": "Portal {method} içinde {name} süzgecini yok sayıyor.",
    "The table is left alone, for a filter that is ignored gives the wrong rows; please report it.": (
        "Tabloya dokunulmadı, çünkü yok sayılan bir süzgeç yanlış satırlar verir; lütfen bildirin."
    ),
    "The portal did not answer {method} within a batch.": "Portal toplu istek içinde {method} için yanıt vermedi.",
}
