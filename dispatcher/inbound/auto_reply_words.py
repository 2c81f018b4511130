"""How automatic replies begin and what they say, in the languages our customers write."""

from __future__ import annotations

import re

from dispatcher.inbound.wording import any_of

# What a subject starts with, once "Re:" is taken off.
SUBJECT = any_of(
    r"out[ -]of[ -](?:the[ -])?office",
    r"o+oo+\b|\booto\b|oof\b",
    r"auto(?:matic|mated|mail)?[ -]?(?:reply|response|respon[ds]e?r?|answer|antwort|"
    r"e?-?mail reply)",
    r"auto(?:reply|response|responder|responce|matisch|antwoord|answer|svar)|"
    r"auto[: ]+\s*re:",
    r"vacation (?:reply|message|response|notice|auto)|on (?:vacation|holidays?|leave)\b|"
    r"away from (?:my|the) (?:office|desk|mail|computer)",
    r"(?:i am|i'm|currently|we are|we're) (?:currently |now )?(?:away|out|on (?:vacation|"
    r"leave|holiday|maternity))",
    r"absence (?:from|notice|notification)|not in the office|away message|annual leave|"
    r"maternity leave|office closed",
    r"(?:automatic|automated) (?:reply|response|acknowledg|confirmation|notification|"
    r"message)",
    r"(?:thank you|thanks) for (?:your (?:e-?mail|message|enquiry|inquiry|mail)|contacting|"
    r"writing|getting in touch|reaching)",
    r"we(?:'ve| have)? received your|your (?:e-?mail|message|request|enquiry|inquiry|"
    r"mail) (?:has been|was|is) (?:received|logged)|"
    r"(?:acknowledg\w+|confirmation) of (?:receipt|your)|receipt (?:confirmation|"
    r"acknowledg)|"
    r"\[?(?:ticket|case|request) (?:received|created|opened|updated)(?=\s*$|\s*[^\s\w]|"
    r"\s+(?:for|successfully)\b)|auto[- ]?generated\b|\[?(?:ticket|case|request|"
    r"support)[ #:\[-]{1,3}[\w-]{0,12}\d{3,}|\[?#\d{4,}",
    r"(?:read|gelesen|lu|le[íi]do|letto|lida|gelezen|not read|ungelesen|non lu|"
    r"deleted)\s*:",
    r"(?:please )?(?:confirm|verify) your (?:message|e-?mail|identity)|"
    r"challenge[ -]response|your e-?mail requires (?:verification|confirm)|spam ?arrest|"
    r"boxtrapper",
    r"abwesend|abwesenheit|automatische (?:antwort|r[üu]ckantwort|e?-?mail|abwesen|"
    r"beantwoord|reactie|reply)|nicht (?:im (?:b[üu]ro|haus)|erreichbar|am platz)|"
    r"au[ßs]er haus|"
    r"(?:im|in) urlaub|urlaub\b|betriebsferien|betriebsurlaub|elternzeit|mutterschutz|"
    r"eingangsbest[äa]tigung|ich bin (?:nicht|im|bis|derzeit|momentan|vom|ab|au)",
    r"r[ée]ponse (?:automatique|auto)|absen(?:t|ce)(?:e)? (?:du bureau|du|de|jusqu|pour|"
    r"de la|au)|absence\b|message (?:d'absence|automatique)|notification d'absence|"
    r"hors (?:du )?bureau|"
    r"en (?:cong[ée]s?|vacances)|je (?:suis|serai) (?:absent|en cong|en vacances|"
    r"actuellement)|absente?(?:s)? (?:du bureau|jusqu)|accus[ée] de r[ée]ception|fermeture",
    r"respuesta (?:autom[áa]tica|auto)|fuera de (?:la |mi )?oficina|auto-?respuesta|"
    r"(?:estoy|me encuentro|estar[ée]) (?:de|fuera|en|ausente)|ausente\b|aviso de ausencia|"
    r""
    r"de vacaciones|ausencia|resposta (?:autom[àáa]tica|auto)|acuse de recibo",
    r"fora d[oe] (?:escrit[óo]rio|despacho)|aus[êe]ncia|(?:estou|encontro-me|"
    r"estarei) (?:de|em|ausente|fora)|de f[ée]rias|em f[ée]rias|f[ée]rias|"
    r"risposta (?:automatica|auto)|fuori (?:ufficio|sede)|assen(?:za|te)|sono (?:assente|"
    r"in ferie|fuori)|in ferie|messaggio (?:automatico|di assenza)|ferie\b",
    r"automatisch(?:e)? (?:antwoord|beantwoord|bericht)|afwezig|niet aanwezig|"
    r"ik ben (?:er niet|afwezig|niet|op vakantie|met)|buiten kantoor|met vakantie|"
    r"afwezigheid",
    r"autosvar|automatisk[t]? svar|automatisk besvarelse|fr[åa]nvaro|fr[åa]nv[äa]rande|"
    r"ikke (?:p[åa] kontoret|til stede)|ute av kontoret|ferie|frav[æe]r|borta fr[åa]n|"
    r"ej p[åa] kontoret|"
    r"ikke p[åa]|semester|poissa|poissaolo|automaattinen|lomalla|ulkona toimistosta|"
    r"olen (?:lomalla|poissa)",
    r"autoodpowied[źz]|odpowied[źz] automatyczna|automatyczna odpowied[źz]|poza biurem|"
    r"nieobecno[śs][ćc]|jestem (?:na urlopie|nieobecn)|urlop|automatick[áa] odpov[ěe][ďd]|"
    r"mimo kancel|"
    r"nep[řr][íi]tomn|dovolen[áa]|automatick[áa]|samodejni odgovor|automatski odgovor|"
    r"r[ăa]spuns automat|concediu|"
    r"automatikus v[áa]lasz|szabads[áa]g|h[áa]zon k[íi]v[üu]l|otomatik (?:yan[ıi]t|cevap)|"
    r"ofis d[ıi][şs][ıi]nda|izinde|"
    r"αυτόματη απάντηση|εκτός γραφείου|απουσία",
    r"автоответ|автоматическ(?:ий|ое) ответ|вне офиса|нет на месте|в отпуске|отпуск|"
    r"автоматична (?:відповідь|отговор)|автовідповідь|автоматичен отговор|отсутств|"
    r"уведомление об отсутствии",
    r"自动(?:回复|答复|回覆)|自動(?:回覆|回复|返信|応答|答覆)|不在(?:通知|"
    r"のお知らせ|にして|連絡)?|休暇|外出中|休假|不在办公室|外出|부재 ?중|"
    r"자동 ?(?:응답|회신|답장)|휴가|자리 ?비움",
    r"رد تلقائي|الرد التلقائي|خارج المكتب|رد آلي|תשובה אוטומטית|מענה אוטומטי|מחוץ למשרד|"
    r"ตอบกลับอัตโนมัติ|อัตโนมัติ|trả lời tự động|tự động trả lời|balasan otomatis|"
    r"balas automatik",
    r"autom[āa]tisk[āa] atbilde|atva[ļl]in[āa]jum|prombūtn|automatinis atsakymas|atostog|"
    r"automaatvastus|puhkus|odsot|odsut|godišnj|sjálfvirkt svar",
    r"स्वचालित|الإجازة|پاسخ خودکار",
    flags=re.IGNORECASE,
)
OPENING = re.compile(r"[\[(*<\s]*")

# What only stands in the subject of an automatic reply, wherever it stands.
SUBJECT_INSIDE = re.compile(
    r"\b(?:auto-?reply|auto-?response|automatic reply|automated (?:reply|response)|"
    r"out of (?:the )?office (?:auto|reply|message|notif|assist|response|notice|until|from|"
    r"re:)"
    r"|[(\[]?(?:out of (?:the )?office|ooo|on vacation|on leave|away)[)\]]\s*$|"
    r"[-–:|(\[] ?out of (?:the )?office\b|is out of (?:the )?office|will be out of (?:the )?office"
    r"|vacation (?:reply|auto|respon)|abwesenheits(?:notiz|nachricht|meldung|agent|"
    r"assistent|hinweis|benachrichtigung)|ist (?:nicht im b[üu]ro|abwesend|au[ßs]er haus|"
    r"derzeit nicht|im urlaub)"
    r"|ist (?:bis|ab|vom|seit)[^:]{0,40} (?:abwesend|nicht|au[ßs]er)|automatische antwort|"
    r"r[ée]ponse automatique|message d'absence|est absente?|est en cong[ée]|"
    r"respuesta autom[áa]tica|resposta autom[áa]tica"
    r"|fuera de (?:la )?oficina|risposta automatica|fuori ufficio|automatisch antwoord|"
    r"afwezigheidsbericht|autosvar|automatiskt svar|autoodpowied[źz]|autorespuesta|"
    r"autorisposta)",
    re.IGNORECASE,
)  # fmt: skip

# The machine says so itself.
MACHINE = re.compile(
    r"(?:this|it) is an? (?:auto(?:matic(?:ally)?|mated|-)?[ -]?(?:reply|response|"
    r"respon[ds]e?r|generated (?:reply|response|e?-?mail response)|e-?mail reply|"
    r"acknowledg\w+|message (?:to (?:let|confirm|acknowledge|inform)))"
    r"|auto[ -]?(?:reply|response|responder))|automated (?:response|reply|acknowledg)|"
    r"auto-?(?:generated )?(?:reply|response)\b|"
    r"this (?:mailbox|inbox|e-?mail address|account|address) is (?:not|no longer|"
    r"un)[ -]?(?:being )?(?:monitored|checked|attended|read)|unmonitored (?:mailbox|inbox|"
    r"address)|"
    r"(?:we have|we've) received your (?:e-?mail|message|request|enquiry|inquiry)|"
    r"your (?:e-?mail|message|request|enquiry|inquiry)(?: \([^)]{1,30}\))? (?:has been|"
    r"was) (?:successfully )?(?:received|logged|registered)|"
    r"dies(?:e|es) ist eine (?:automatisch|automatische)|diese (?:nachricht|e-?mail|mail|"
    r"antwort) wurde automatisch|automatisch (?:generierte|erstellte|erzeugte) (?:antwort|"
    r"e-?mail|nachricht)|automatische (?:antwort|r[üu]ckmeldung|eingangsbest)|"
    r"ceci est (?:un (?:message|e-?mail|courriel)|une r[ée]ponse) automatique|"
    r"r[ée]ponse automatique|ce message (?:est|"
    r"a [ée]t[ée]) (?:g[ée]n[ée]r[ée] )?automatique|"
    r"(?:esta|este) es una? (?:respuesta|mensaje|correo) autom[áa]tic|"
    r"respuesta autom[áa]tica|mensaje generado autom[áa]ticamente|(?:esta|"
    r"este) [ée] uma? (?:resposta|mensagem|e-?mail) autom[áa]tic|resposta autom[áa]tica|"
    r"(?:questo|questa) [èe] un(?:a|o)? ?(?:messaggio|risposta|e-?mail) automatic|"
    r"risposta automatica|dit is een automatisch|automatisch (?:gegenereerd )?(?:antwoord|"
    r"bericht)|"
    r"detta [äa]r ett (?:automatiskt|autosvar)|dette er et? (?:automatisk|autosvar)|"
    r"t[äa]m[äa] on automaattinen|to jest (?:wiadomo[śs][ćc] )?(?:automatyczn|wygenerowan)|"
    r"wiadomo[śs][ćc] automatyczna|автоматический ответ|это автоматическ|"
    r"此为自动回复|这是一封自动|自动回复|自動返信|自動送信|自動応答|"
    r"本メールは自動|자동 ?(?:응답|회신|발송)|otomatik (?:yan[ıi]t|"
    r"olarak)|رد تلقائي|תשובה אוטומטית|ez egy automatikus|toto je automatick|"
    r"(?:to|before) (?:deliver|release) your (?:message|e-?mail)[^.]{0,60}(?:confirm|click|"
    r"verify)|you must (?:confirm|verify)[^.]{0,60}(?:deliver|message)",
    re.IGNORECASE,
)  # fmt: skip

# Away ...
ABSENCE = re.compile(
    r"out of (?:the |my )?(?:office|town|country)|(?:i am|i'm|i will be|i'll be|will be|"
    r"currently|we are|am) (?:currently |now |presently )?(?:away|on (?:annual |sick |"
    r"parental |maternity |paternity |medical |extended )?(?:vacation|leave|holidays?|"
    r"sabbatical|travel)|"
    r"travel+ing|on pto|unavailable|off (?:work|sick|until)|not (?:in the office|available|"
    r"at my desk|working)|attending)|"
    r"(?:i|we) (?:no longer|do not|don't) work (?:at|for|here)|(?:has|"
    r"have) left (?:the company|our)|is no longer (?:with|employed|working)|office (?:is|"
    r"will be) closed|limited (?:access|e-?mail)|away from (?:the |my )?(?:office|e-?mail|"
    r"desk)|"
    r"(?:bin|sind|befinde mich|ist) (?:ich |wir )?(?:\w+ ){0,8}?(?:nicht (?:im b[üu]ro|"
    r"im haus|erreichbar|anwesend|am arbeitsplatz|im dienst|im hause)|abwesend|im urlaub|"
    r"au[ßs]er haus|in elternzeit|auf (?:dienst|gesch[äa]fts)?reise|unterwegs|verreist)|"
    r"nicht im (?:b[üu]ro|hause?)|(?:keinen|eingeschr[äa]nkten) zugriff auf meine|"
    r"je (?:suis|serai)[^.]{0,40}(?:absent|en (?:cong[ée]|vacances|d[ée]placement|"
    r"formation)|hors)|absente? (?:du bureau|jusqu|du \d)|en cong[ée]s? (?:jusqu|du)|"
    r"actuellement (?:absent|en cong)|bureau est ferm|"
    r"(?:estoy|me encuentro|estar[ée]|estaremos)[^.]{0,40}(?:fuera|ausente|de vacaciones|"
    r"de baja|de viaje)|(?:estou|estarei|encontro-me)[^.]{0,40}(?:fora|ausente|"
    r"de f[ée]rias|em f[ée]rias|em viagem)|"
    r"(?:sono|sar[òo])[^.]{0,40}(?:assente|fuori (?:ufficio|sede)|in ferie|in vacanza)|"
    r"l'ufficio (?:[èe]|rimarr[àa]) chius|(?:ben|zal)[^.]{0,40}(?:afwezig|op vakantie|"
    r"met vakantie|niet aanwezig|niet op kantoor|met verlof)|"
    r"(?:jag [äa]r|jeg er|olen)[^.]{0,40}(?:p[åa] semester|p[åa] ferie|borta|ledig|"
    r"inte p[åa] kontoret|ikke p[åa] kontoret|lomalla|poissa|frav[æe]rende|tj[äa]nstledig)|"
    r""
    r"(?:jestem|b[ęe]d[ęe]|przebywam)[^.]{0,40}(?:na urlopie|nieobecn|poza biurem)|"
    r"(?:нахожусь|буду|я)[^.]{0,40}(?:в отпуске|отсутств|в командировке|вне офиса)|(?:jsem|"
    r"budu)[^.]{0,40}(?:dovolen|mimo kancel|nep[řr][íi]tom)|"
    r"szabads[áa]gon|(?:不在|休暇|出張|外出)[^。]{0,20}(?:して|"
    r"いたし|しており|中)|不在办公室|正在休假|休假|外出|부재 ?중|"
    r"휴가 ?중|출장 ?중|izindeyim|ofis d[ıi][şs][ıi]nda|خارج المكتب|في إجازة|מחוץ למשרד|בחופשה",
    re.IGNORECASE,
)

# ... and what to do meanwhile.
ABSENCE_AFTER = re.compile(
    r"\b(?:return(?:ing)?|back (?:on|in|at)|until|urgent|in my absence|while i(?:'m|"
    r" am) away|as soon as|please (?:contact|call|e-?mail|reach|direct|send)|limited|"
    r"respond (?:to|when|on|as)|"
    r"reply (?:when|upon|as|on)|get back|forwarded|not be (?:read|forwarded)|upon my|"
    r"for immediate|emergency|assistance)\b|"
    r"dringend|vertretung|wenden sie|zur[üu]ck|erreichbar|weitergeleitet|r[üu]ckkehr|"
    r"wieder (?:im|ab|da|erreich)|antworte|kontaktieren|bis zum|urgence|urgent|retour|"
    r"contacter|r[ée]pondrai|jusqu|veuillez|"
    r"urgente|regres|volver|contact(?:e|ar|ad)|hasta|respond|retorn|contat|at[ée] |caso|"
    r"rientr|rivolg|contatt|fino al|torn|dringend|terug|contact|tot en met|bereik|tillbaka|"
    r"kontakta|åter|br[åa]d|tilbage|haster|"
    r"kontakt|palaan|kiireell|wracam|piln|prosz[ęe]|do dnia|вернусь|срочн|обращ|обрат|свяж|"
    r"до \d|urgentn|n[áa]vrat|visszat|s[üu]rg|戻り|緊急|"
    r"お急ぎ|返信|ご連絡|返回|紧急|联系|尽快|복귀|긴급|연락|"
    r"d[öo]n[üu]|acil|عاجل|העתק|דחוף|אחזור",
    re.IGNORECASE,
)
