"""The words with which mail servers refuse a mail, in the languages they speak.

Texts come here in small letters with ADDR, DOM, IP and URL in place of addresses and hosts.
Lists are tried in order: what comes first is the more telling.
"""

from __future__ import annotations

from dispatcher.inbound.wording import any_of

HARD, SOFT, POLICY = "hard", "soft", "policy"


def cause(said: str) -> str | None:
    """Give what a text names as the cause, or None."""
    return next((kind for kind, words in _CAUSES if words.search(said)), None)


def hint(said: str) -> str | None:
    """Give what a text merely hints at, or None."""
    return next((kind for kind, words in _HINTS if words.search(said)), None)


def names_domain(said: str) -> bool:
    """Tell whether it is the domain that does not exist."""
    return bool(_DOMAIN.search(said))


def names_full(said: str) -> bool:
    """Tell whether the mailbox is full."""
    return bool(_FULL.search(said))


# Who gets the mail, and that there is nobody of that name; up to sixty letters may stand between.
_WHO = (
    r"(?:users?(?: ?name| ?id)?|(?:recipient|receiver)s?(?: e?-?mail)?(?: address)?|"
    r"mail ?box(?:es)?|accounts?"
    r"|(?:e-?mail |destination |local |to )?address(?:es)?|addressee|alias|local ?part|mail ?drop"
    r"|person|login|member|customer|subscriber|destination|inbox|employee|student|rcpt|"
    r"forward-path"
    r"|ADDR|rcpt to)"
)
_GAP = r"[^.;|]{0,70}?"
_GONE = (
    r"(?:unknown|(?:was |is |were |are |could |can )?(?:not|n't|never) (?:be )?(?:found|"
    r"known|exist"
    r"|recogni[sz]ed|listed|valid|available here|on this|hosted|here|in use|correct|deliverable"
    r"|resolved|reached because)"
    r"|(?:does|do|did)(?: not|n't|nt) (?:\w+ )?(?:exist|have an? (?:\w+ )?account|appear|match"
    r"|correspond|live here)"
    r"|(?:doesn'?t|isn'?t|wasn'?t|couldn'?t be|not|no longer) (?:an? )?(?:exists?|valid|"
    r"found|known|active"
    r"|available|in use|used|with us|works|working|employed|supported|monitored|here|"
    r"on (?:this|our)"
    r"|accepting|a member)"
    r"|non-?existent|inexistent|invalid|undeliverable|unroutable|unrouteable"
    r"|(?:is|has been|was|been|temporarily|currently|are) (?:now )?(?:permanently )?"
    r"(?:disabled|inactive|deactivated|suspended|closed|terminated|deleted|removed|cancell?ed"
    r"|discontinued|expired|retired|locked|abandoned|de-?activated|inactivated|dormant|frozen)"
    r"|disabled|inactive|deactivated|suspended|unavailable here)"
)
_NOBODY = (
    r"(?:unknown|no such|invalid|non-?existent|inexistent|nonexisting|undefined|illegal"
    r"|unrecogni[sz]ed|wrong|inactive|disabled|not a valid|not a known|no valid|bad destination"
    r"|can(?:no|')t find|couldn't find|could not find|unable to find|not our|expired|bad)"
)

_SENDER = any_of(
    r"sender(?:'s)?(?: e?-?mail)?(?: address)?(?: (?:was|is|has been|ADDR))*"
    r" ?(?:rejected|verify|verification|denied|unknown|not|invalid|does|blocked|is on|"
    r"domain|refused)",
    r"verif(?:y|ication) (?:failed|error|of)[^.]{0,30} (?:for|sender)",
    r"unable to verify (?:sender|ADDR)",
    r"(?:unknown|invalid|unverified|bad|no such|forged|fake) (?:envelope )?sender",
    r"call(?:back|out)[^.]{0,40}(?:fail|verif)",
    r"domain (?:of|for|from) (?:the )?sender",
    r"sending domain|sender domain|mail from(?: command)?:? [^.]{0,60}(?:not|denied|reject|"
    r"refus|invalid)",
    r"from (?:address|header|field)[^.]{0,40}(?:not|invalid|reject|verif)",
    r"return(?:ing)?[- ]path|sender verify|envelope from",
    r"reverse dns|rdns|\bptr\b|(?:host|client)[ -]?(?:name)?[^.:;]{0,30} (?:does not resolve|"
    r"rejected|invalid|lookup)|\b(?:helo|ehlo)\b[^;]{0,60}(?:reject|invalid|not |does|must|fail|"
    r"bad|bogus|forge|denied|refus|syntax|qualif|resolv|match|lookup)"
    r"|(?:bad|invalid|bogus|forged|fake|your|fix)[^.;]{0,20} (?:helo|ehlo)\b",
    r"invalid dns mx|(?:no|invalid|bad) (?:mx|a) (?:record )?(?:for|of|"
    r"in) (?:the )?(?:sender|from)",
    r"fix reverse|cannot find your (?:reverse )?hostname|client host rejected",
)
_LATER = any_of(
    r"gr[ea]y-?list",
    r"too (?:quickly|fast|frequently|often)|temporarily (?:deferred|rate)|rate limited",
    r"(?:receiving|sent|sending|send) (?:mail|messages?|e-?mails?)? ?(?:at a rate|too)",
    r"rate ?limit|rate (?:is )?(?:exceeded|too high)|exceeded (?:the |its |"
    r"your )?(?:\w+ )?(?:rate|hourly|daily|per)",
    r"(?:hourly|daily|sending|message|recipient|receiving) (?:rate |quota |"
    r"message )?(?:limit|rate)s? (?:has been |was |is )?"
    r"(?:exceeded|reached|hit)",
    r"throttl|unusual rate|too many (?:messages|recipients|mails|e-?mails|connections|"
    r"concurrent|sessions"
    r"|invalid|errors|bad commands|simultaneous|hops|received)",
    r"hop count|hops exceeded|mail ?loop|loops? (?:back|detected|to)|routing loop|"
    r"mail forwarding loop",
    r"(?:lookup|resolution|dns|resolve|resolver)[^.]{0,40}(?:temporar|try again|"
    r"timed? ?out|servfail)"
    r"|temporar[^.]{0,30}(?:lookup|resol|dns|name server)|host not found, try again|"
    r"try again, host",
    r"name service error[^.]*try again|server failure|servfail",
)
_LARGE = any_of(
    r"(?:message|mail|attachments?|size|data)(?:(?!score|spam)[^.;]){0,40}(?:too (?:large|big)|"
    r"(?:exceed|larger|bigger)[^.;]{0,40}(?:size|limit|maximum|allowed))",
    r"(?:message|mail) size exceed|size[ =]+limit|max(?:imum)? (?:message|e-?mail|mail) size",
)
_FULL = any_of(
    r"(?:mail ?box|in ?box|account|user|mail ?folder|mail ?drop|recipient(?:'s)?|storage|"
    r"folder|disk|ADDR"
    r"|mailserver|quota)" + _GAP + r"(?:\bis |\bwas |\bare )?(?:too |almost |currently )?\bfull\b",
    r"over ?-?quota|quota (?:has been |is |was |limit )?(?:exceed|full|reach|violat|error|"
    r"has)|exceed\w* " + r"(?:\w+ ){0,4}(?:quota|storage|disk|mailbox|space|allocat)",
    r"(?:quota|storage|disk space|mailbox(?: size)?|mail ?box limit)"
    + _GAP
    + r"(?:exceed|limit|exhaust)",
    r"quota ?exceeded|mailbox ?full|full mailbox|insufficient (?:system |disk |"
    r"mail ?box )?(?:storage|quota|space)",
    r"(?:not enough|no|out of|insufficient|lack of|low on)(?: free| disk| storage| more|"
    r" mailbox)* (?:space|storage|room)|not have (?:enough|sufficient) (?:\w+ )?(?:space|room)",
    r"(?:over|above|beyond|reached|exceeds?) (?:\w+ ){0,3}(?:quota|storage limit|"
    r"mailbox limit|size limit of the mailbox)",
    r"(?:space|storage|room) (?:is )?(?:not enough|insufficient)|disk quota|storage limit|"
    r"mail ?box size|mailbox too large|user is over|shutoffquota|"
    r"can not accept any more mail",
    r"5-2-2|4-2-2|552 [^.]{0,20}mailbox",
    r"bo[iî]te[^.]{0,40}(?:pleine|satur)|quota (?:d[ée]pass|atteint|exc[ée]d)|"
    r"espace[^.]{0,30}insuffisant",
    r"(?:postfach|mailbox|speicher|konto|quota)[^.]{0,40}(?:voll|[üu]berschritten|"
    r"ersch[öo]pft|überfüllt)",
    r"buz[oó]n[^.]{0,30}llen|cuota[^.]{0,30}(?:exced|super)|(?:bandeja|"
    r"casilla)[^.]{0,30}llena|espacio[^.]{0,30}insuficiente",
    r"casella[^.]{0,40}piena|spazio[^.]{0,30}(?:esaurit|insufficient)|quota[^.]{0,20}superat",
    r"caixa[^.]{0,40}cheia|cota[^.]{0,30}excedid|espa[çc]o[^.]{0,30}(?:insuficiente|esgotado)",
    r"postvak[^.]{0,20}vol|mailbox is vol|skrzynk[^.]{0,30}(?:pełn|przepeł)|"
    r"ящик[^.]{0,40}(?:переполн|заполн)|квот[^.]{0,40}превы|переполнен",
    r"容量[^。]{0,20}(?:超|オーバー|不足|いっぱい)|"
    r"メールボックス[^。]{0,20}(?:いっぱい|満杯|一杯)|(?:邮箱|信箱|空间|"
    r"空間)[^。]{0,12}(?:已?满|滿|不足|超)"
    r"|(?:용량|편지함|사서함)[^.]{0,12}(?:초과|가득|부족)",
    r"schránk[^.]{0,30}pln|brevl[åa]da[^.]{0,20}full|postkass[^.]{0,20}full|"
    r"kutusu[^.]{0,20}dolu|postafiók[^.]{0,20}(?:megtelt|tele)",
)
_NOT_THE_PERSON = any_of(
    r"(?:user|recipient|account|mailbox|ADDR|address)[^.;]{0,40}(?:rejected|not accepted|"
    r"refused|blocked|denied)[^.]{0,30}"
    r"(?:spam|policy|content|virus|forged|blacklist|spf|dmarc|dkim)",
    r"appear(?:ed|s) to be (?:spam|unsolicited|forged)|reject(?:ed)? due to (?:spf|dmarc|"
    r"security|policy|spam|content)",
    r"(?:spf|dmarc|dkim)[^.]{0,30}(?:fail|check|policy|reject|did not pass|alignment)",
    r"spam (?:message|content|mail|detected|rejected|score)|detected as spam|"
    r"considered spam|(?:is|as|like|be|for) spam\b",
    r"(?<!not )listed (?:at|in|by|on) |dnsbl|"
    r"blocked (?:using|by|due(?! to (?:inactiv|expir))|because|for|with)|"
    r"spamhaus|spamcop|\brbl\b|block ?list|black ?-?list"
    r"|blocked - see|poor reputation|bad reputation|low reputation|reputation",
    r"user complaints|complaints|\bspm\b|\bspb\b",
    r"(?:messages?|mail) from (?:IP|ADDR|DOM|your)[^.]{0,60}(?:weren't|not |blocked|reject|"
    r"refus|denied)",
    r"not accepting (?:any )?(?:e?-?mails?|messages?) (?:from|with)|only accepting",
    r"not authori[sz]ed|notauthori[sz]ed|senderrestrict|not permitted to send|"
    r"restricted (?:recipient|to|sender)",
    r"(?:only|not) accepts? (?:e?-?mail|messages?)? ?(?:from (?:people|known|authori|"
    r"specific|allowed|certain|you|your|members)|only from)",
    r"relay(?:ing)?(?: access)?(?: is)? (?:denied|not|prohibited|disallowed|operation|"
    r"restrict)|unable to relay|"
    r"(?:not|doesn't|won't|do not|cannot|can't) (?:allow(?:ed)? (?:to )?|"
    r"permit(?:ted)? (?:to )?)?relay|relay(?:ing)? mail|rcpthosts|we do not relay",
)
_USER = any_of(
    rf"\b{_WHO}\b(?!'s (?:server|mail))" + _GAP + rf"\b{_GONE}",
    rf"\b{_NOBODY}(?: (?:local|mail|email|e-mail|destination|recipient|user|virtual"
    rf"|system|the|this|our|remote|or|"
    rf"final|delivery|a|any|such|ADDR|e|internet|default|valid))*[ :-]*\b{_WHO}\b",
    rf"\bno(?: such)? (?:local |valid )?{_WHO}(?:\b| by| here| with| for| of| at)",
    r"no (?:one|body) (?:here )?(?:by|with|of|named)|no match(?:es)? (?:to|for|found|in)|"
    r"no mailbox|"
    r"not have an? (?:\w+ ){0,2}(?:delivery point|forwarding)|unknown or illegal|"
    r"not in (?:our|the) (?:directory|address book|database)",
    r"(?:doesn't|does not|has no|don't|do not) have (?:an? )?(?:valid )?(?:\w+ |"
    r"DOM )*(?:account|mailbox|user|recipient|such)",
    r"this (?:user|account|address)[^.;]{0,40}(?:doesn't|no longer|not)|"
    r"no longer (?:works?|employed|accepts?|receiv|in use|valid|active|available|with)",
    r"recipnotfound|recipientnotfound|recipient ?not ?found|not listed in (?:domino|"
    r"public)|user unknown|unknown ?(?:user|recipient|local)",
    r"unrout(?:e)?able address|unknown address|address unknown|undeliverable address|"
    r"address(?:es)? (?:you entered )?(?:couldn't|could not|wasn't|was not)"
    r" (?:be )?found|couldn't be found|wasn't found at",
    r"has (?:been )?moved|has left (?:the|our)|(?:address|mailbox)[^.;]{0,30}has changed|"
    r"please update your (?:address ?book|records|contact)",
    r"recipient address rejected: (?:access denied|user|undeliverable|unknown|invalid|"
    r"no such|not found|unverified address: )",
    r"(?:account|mailbox|user|address|membership) (?:has |is |was )?(?:now )?expired|to inactivity",
    r"not our customer|not a (?:valid|local|known|current|registered)[^.;]{0,12}\b(?:user|"
    r"mailbox|address|account|recipient|customer)",
    r"delivery to the following recipients? failed permanently: ADDR [^.]{0,30}not exist|"
    r"mailbox is inactive|extended inactivity",
    r"(?:addr|user|mailbox|account) [^.;]{0,30}(?:dead|deceased|does not reside)|"
    r"invalid mailbox|not local|user [^.;]{0,30}is not local",
    # French, German, Dutch
    r"(?:utilisateur|destinataire|adresse|compte|bo[iî]te)[^.;]{0,60}(?:inconnu|invalide|"
    r"inexistant|n'existe|introuvable|d[ée]sactiv|non trouv"
    r"|suspendu|ferm[ée]|inactif|incorrecte)|n'existe pas",
    r"(?:benutzer|empf[äa]nger|adresse|postfach|konto|nutzer|teilnehmer|mailbox|"
    r"anwender)[^.;]{0,70}(?:unbekannt|existiert nicht|nicht gefunden"
    r"|nicht vorhanden|ung[üu]ltig|deaktiviert|gesperrt|gibt es nicht|nicht bekannt|"
    r"existiert hier nicht|nicht existent|nicht mehr|gel[öo]scht)",
    r"unbekannte[rns]? (?:benutzer|empf|adress|nutzer)|ung[üu]ltige[rns]? (?:empf|adress)|"
    r"kein(?:e|en)? (?:postfach|benutzer|mailbox|solche)",
    r"(?:gebruiker|adres|postbus|ontvanger|postvak|geadresseerde)[^.;]{0,50}(?:onbekend|"
    r"bestaat niet|niet gevonden|ongeldig|niet bekend)|onbekende gebruiker",
    r"nicht im [\w -]{0,20}(?:verzeichnis|adressbuch)|(?:pas|non)[ -](?:r[ée]pertori|recens)|"
    r"niet in (?:de |het )?[\w -]{0,20}(?:adresboek|directory)",
    # Spanish, Portuguese, Italian, Romanian, Catalan
    r"(?:usuario|direcci[oó]n|cuenta|buz[oó]n|destinatario|casilla|"
    r"correo)[^.;]{0,60}(?:no (?:fue |ha sido |se )?(?:existe|encontr|v[aá]lid|registr)"
    r"|desconocid|inexistente|inv[aá]lid|desactivad|inactiv|deshabilitad|suspendid)",
    r"(?:usu[aá]rio|utilizador|endere[cç]o|conta|caixa|"
    r"destinat[aá]rio)[^.;]{0,60}(?:n[aã]o (?:foi |p[oô]de ser )?(?:exist|encontr|localiz|"
    r"v[aá]lid)"
    r"|desconhecid|inexistente|inv[aá]lid|desativad|inativ|suspens|cancelad)",
    r"(?:utente|indirizzo|casella|destinatario|account|utenza)[^.;]{0,60}(?:sconosciut|"
    r"non (?:esist|[èe] stat|trovat|valid|attiv|presente|[èe] pi[ùu])"
    r"|inesistente|disabilitat|disattiv|sospes|non raggiungibile perch)",
    r"(?:utilizator|adresa|cont)[^.;]{0,40}(?:necunoscut|nu exist|inexistent|nu a fost g[ăa]sit)",
    # Slavic, Nordic, Hungarian, Turkish, Greek, Finnish
    r"(?:u[żz]ytkownik|adres|konto|skrzynk|odbiorc)[^.;]{0,40}(?:nieznan|nie istnieje|"
    r"nie znalezion|nieprawid|zablokowan|nieaktywn)|nieznany (?:u[żz]ytk|odb)",
    r"(?:пользовател|адрес|ящик|получател|запис|аккаунт|абонент)[^.;]{0,50}(?:не найден|"
    r"не существ|неизвест|неверн|заблокирован|отключ|удал[её]н|недейств)"
    r"|нет такого|неизвестный (?:пользов|адрес|получ)|не існує|не знайден",
    r"(?:u[žz]ivatel|adres|schr[áa]nk|p[řr][íi]jemce|"
    r"pou[žz][íi]vate)[^.;]{0,40}(?:nezn[áa]m|neexistuj|nenalezen|neplatn|nen[íi])",
    r"(?:anv[äa]ndare|mottagare|adress|konto|bruger|modtager|bruker|mottaker|"
    r"postkasse)\w*[^.;]{0,40}(?:ok[äa]nd|finns inte|hittades inte|ogiltig|ukendt"
    r"|findes ikke|blev ikke fundet|ukjent|finnes ikke|ble ikke funnet|ugyldig)",
    r"(?:felhaszn[áa]l[óo]|c[íi]mzett|postafi[óo]k|c[íi]m)\w*[^.;]{0,40}(?:ismeretlen|"
    r"nem l[ée]tez|nem tal[áa]lhat|[ée]rv[ée]nytelen)|ismeretlen (?:felhaszn|c[íi]mz)",
    r"(?:kullan[ıi]c[ıi]|al[ıi]c[ıi]|adres|hesap|posta kutusu)\w*[^.;]{0,40}(?:bulunamad|"
    r"yok|ge[cç]ersiz|mevcut de[gğ]il|bilinmiyor)",
    r"(?:k[äa]ytt[äa]j[äa]|vastaanottaja|osoite)\w*[^.;]{0,40}(?:tuntematon|ei (?:l[öo]yd|"
    r"ole))|(?:χρήστη|παραλήπτη|διεύθυνση)\w*[^.;]{0,40}(?:δεν|άγνωστ)",
    # Chinese, Japanese, Korean, Arabic, Hebrew
    r"(?:用户|用戶|使用者|收件人|收信人|地址|邮箱|信箱|帐号|帳號|账号|账户|"
    r"帳戶|邮件地址)[^。;]{0,16}(?:不存在|未找到|无效|無效|找不到|错误|"
    r"錯誤|不可用|未注册|停用|禁用|冻结)"
    r"|没有(?:该|此|这个)?(?:用户|邮箱|收件人)|不存在的(?:用户|邮箱|用戶|信箱)|(?:无效|無效|找不到|查无|"
    r"查無)[^。;]{0,8}(?:用户|用戶|收件人|收信人|地址|邮箱|信箱|此人)",
    r"(?:グループ|ディレクトリ|宛先|あて先|メールアドレス|受信者|ユーザー?|アカウント|アドレス|"
    r"メールボックス)[^。;]{0,30}(?:不明|存在し|見つか|見当た|ありません|無効|"
    r"正しく|使用され|利用され|ございません)",
    r"(?:사용자|수신자|수신인|메일 ?주소|계정|받는 ?사람|이메일|"
    r"아이디)[^.;]{0,20}(?:없|존재하지|찾을 수|휴면|잘못|유효하지|알 수)|존재하지 않는",
    r"(?:المستخدم|المستلم|العنوان|البريد|الحساب)[^.;]{0,30}(?:غير موجود|غير معروف|غير صالح|"
    r"لا يوجد)|(?:משתמש|נמען|כתובת|תיבה)[^.;]{0,30}(?:לא קיי|לא נמצ|אינ[הו])",
)
_DOMAIN = any_of(
    r"(?:host|domain)(?: or domain)?(?: names?)?(?: DOM| ADDR)?" + r"[^.;]{0,50}?"
    r"(?:not found|not exist|doesn't exist|does not exist|unknown|couldn't be found|"
    r"could not be found|not (?:a )?valid|invalid|non-?existent"
    r"|cannot be found|unresolv|has no (?:mail|mx)|not (?:be )?resolve|no longer (?:exist|"
    r"valid|in use|active)|does not accept (?:any )?(?:e?-?mail|mail)"
    r"|doesn't (?:accept|receive)|expired|not (?:configured|registered|hosted|known))",
    r"(?:unknown|no such|invalid|bad destination|illegal|nonexistent|unrecogni[sz]ed|"
    r"couldn't find any|could not find any|not find) (?:mail ?|destination )?(?:host|"
    r"domain)",
    r"domain[^.;]{0,20} not reachable",
    r"unrout(?:e)?able (?:mail )?domain|null ?mx|nxdomain|non ?-?existent ?(?:hosts?|"
    r"domain)|name or service not known|no mail ?exchanger|no mx|mx record[^.]{0,30}"
    r"(?:not found|invalid|point|missing|don't)|couldn't find a mail exchanger",
    r"(?:domain|dom)[^.;]{0,20}(?:introuvable|inconnu|unbekannt|existiert nicht|no existe|"
    r"desconocido|sconosciuto|non esiste|n[aã]o existe|onbekend|не найден|не существует)"
    r"|(?:domaine|dom[íi]nio|dominio|домен|域名|ドメイン|도메인)[^.;。]{0,30}(?:n'existe|inconnu|"
    r"n[aã]o|no |non |inexist|не |不存在|无效|存在し|見つか|없)",
    r"answer with no data|type=(?:mx|a|aaaa):? (?:host|name)[^.]{0,30}not found|"
    r"dns[^.;]{0,60}(?:not exist|not found|nonexistent|no (?:such )?(?:record|domain|"
    r"host))",
)
_UNREACHED = any_of(
    r"connection (?:was )?(?:timed? ?out|refused|reset|lost|dropped|closed|failed|died|"
    r"aborted|to)|timed? ?out|lost connection|no route|network (?:is )?unreach"
    r"|unreachable|not respond|isn't responding|no answer|unable to connect|could(?:n't|"
    r" not) connect|cannot connect|can't connect|failed to connect|remote host said: 4"
    r"|not able to establish|wasn't able to|have been failing|retry (?:timeout|time)|"
    r"retry time|queue (?:too long|lifetime|expired)|expired|could not be delivered within|"
    r""
    r"(?:in|on) the queue (?:too|for)|(?:for|after|last|in|within) (?:more than |over |"
    r"about )?(?:\d{1,3}(?:\.\d)?|four|five|several) (?:days|hours)|too long|"
    r"giving up on it",
    r"name service error|name ?server (?:reply|failure|error)|"
    r"temporar|try (?:it )?(?:again|later)|try again|later|resources|busy|maintenance|"
    r"out of (?:memory|service)|overload|load (?:is )?too high|deferred|in use by|"
    r"lock(?:ed)? by",
    r"error while|internal (?:\w+ )?error|system error|server error|local (?:error|problem|"
    r"configuration)|configuration (?:error|problem)|i/o error|software (?:caused|error)|"
    r"exit(?:ed)? (?:status|with|code)"
    r"|unable to (?:open|write|create|lock|chdir|deliver to)|can(?:no|')t (?:open|create|"
    r"write|lock|chdir|exec)|command (?:died|failed|not)|child|fork|pipe|script|"
    r"filter failed|unexpected"
    r"|maildir|read error|write error|permission denied",
    r"too (?:large|big|long)|(?:exceeds?|exceeding|exceeded|over|larger|bigger|"
    r"greater) (?:\w+ ){0,6}(?:size|limit|maximum)|(?:message|mail|size|"
    r"maximum)[^.]{0,30}(?:limit|exceeds?|too)|max(?:imum)? (?:message|size)"
    r"|line (?:too long|length)|zu gro[ßs]|trop (?:gros|volumineu|grand)|demasiado grande|"
    r"troppo grande|muito grande",
    r"protocol (?:error|violation)|syntax|command (?:unrecogni|not impl|sequence)|"
    r"bad sequence|not implemented|mime|8-?bit|conversion|unsupported|smtputf8|bare lf",
    r"一時的|しばらく|暂时|稍后|稍後|timeout|nicht erreich|"
    r"momentan|sp[äa]ter|plus tard|ult[ée]rieur|"
    r"m[áa]s tarde|pi[ùu] tardi|mais tarde|временно|позже",
)
_SUSPECT = any_of(
    r"spam|junk|bulk mail|unsolicited|mass mail|phish|fraud|scam|virus|malware|worm|trojan|"
    r"infected|malicious|suspicious|attachment|executable|banned|forbidden|prohibited|"
    r"dangerous",
    r"policy|policies|reputation|black|blocked|block list|listed|barracuda|sorbs|surbl|"
    r"uribl|dul\b|zen\b|pbl\b|xbl\b|sbl\b|dynamic ip|residential",
    r"dmarc|dkim|\bspf\b|authenticat|authori[sz]|credential|tls|starttls|encryption|"
    r"certificate|secur|arc\b",
    r"access (?:is )?denied|administrative|administratively|not allowed|not permitted|"
    r"disallow|restrict|filter|content|profanity|keyword|pattern|score|rule|heuristic|"
    r"bayes|banner"
    r"|denied|whitelist|white list|allow ?list|trust|challenge|complain|abuse|postmaster|"
    r"dns|relay|open proxy|zombie|bot|hijack|compromis",
    r"(?:message|mail|connection|delivery|transaction|content|you|sender|"
    r"session)[^.;]{0,30}(?:refused|reject|declined|not accept|bounced|discard|dropped|"
    r"unacceptable|blocked|denied)"
    r"|rejected (?:for|by|due|because|as)|refused (?:for|by|due)|does not (?:wish|want)|"
    r"don't accept|do not accept|not accepted|won't accept|no thanks|go away",
    r"スパム|迷惑メール|拒否|垃圾|拒绝|拒絕|拒收|病毒|스팸|"
    r"차단|거부|спам|отклонен|заблокир|черн\w+ спис|verweigert|"
    r"abgelehnt|abgewiesen|geblockt|unerw[üu]nscht|refus[ée]|ind[ée]sirable|rechazad|"
    r"bloquead"
    r"|correo no deseado|rifiutat|respint|bloccat|recusad|rejeitad|geweigerd|odrzucon|"
    r"odm[íi]tnut|avvisa|hylky|afvist",
)
_WEAK_USER = any_of(
    r"(?:mail ?box|user|account|recipient|address)[^.;]{0,30}(?:unavailable|not available|"
    r"not accept|unreachable|not (?:a )?deliver|not allowed|reject|restricted|protected)",
    r"recipient(?: address)? (?:was )?(?:rejected|refused|not accepted|denied)|"
    r"address (?:was )?(?:rejected|refused|failed|error)|rejected (?:recipient|address)|"
    r"invalid (?:recipient|address)",
    r"not (?:found|exist|known|valid)|does not exist|doesn't exist|unknown(?! (?:mailer|"
    r"error|reason|command|protocol|problem|status))|no such|permanent fatal errors|"
    r"undeliverable|inactive|discontinued|disabled",
    r"存在しません|見つかりません|不存在|не существует|"
    r"не найден|existiert nicht|n'existe pas|no existe|"
    r"non esiste|n[aã]o existe|bestaat niet|nie istnieje",
)
_WEAK_REJECT = any_of(r"reject|refus|declin|not accept|unaccept|decline|prohibit|ban\b|block")

_CAUSES = (
    (POLICY, _SENDER),
    (SOFT, _LATER),
    (SOFT, _FULL),
    (SOFT, _LARGE),
    (POLICY, _NOT_THE_PERSON),
    (HARD, _USER),
    (HARD, _DOMAIN),
)
_HINTS = (
    (SOFT, _UNREACHED),
    (HARD, _WEAK_USER),
    (POLICY, _SUSPECT),
    (POLICY, _WEAK_REJECT),
)
