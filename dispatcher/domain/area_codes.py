"""Area codes of the United States and of Canada: where their people live, by which clocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Area(NamedTuple):
    """The jurisdictions in which people of an area code live, and every zone they may live in."""

    jurisdictions: tuple[str, ...]
    zones: tuple[str, ...]

    @property
    def country(self) -> str:
        """Give the country by its code."""
        return self.jurisdictions[0][:2]


_ZONES = {
    "A": "America/Anchorage",
    "B": "America/Boise",
    "C": "America/Chicago",
    "D": "America/Detroit",
    "E": "America/New_York",
    "G": "Pacific/Guam",
    "H": "Pacific/Honolulu",
    "I": "America/Indiana/Indianapolis",
    "J": "America/Juneau",
    "K": "America/Adak",
    "M": "America/Denver",
    "N": "America/North_Dakota/Center",
    "P": "America/Los_Angeles",
    "R": "America/Puerto_Rico",
    "T": "America/St_Thomas",
    "V": "America/Indiana/Vincennes",
    "X": "America/Indiana/Knox",
    "Y": "America/Menominee",
    "Z": "America/Phoenix",
}
ISLANDS = frozenset({"AS", "GU", "MP", "PR", "VI"})  # countries of their own to ISO 3166

# Area code, zones and states: of the ZIP codes an area code serves, also of a few of them, and the
# zones that libphonenumber names for any of its exchanges.
_UNITED_STATES = """
201:E:NJ,NY 202:E:DC,MD,VA 203:E:CT,NY 205:C:AL,MS 206:P:WA 207:E:ME,NH 208:BMP:ID,MT,WA
209:P:CA 210:C:TX 212:E:NY,NJ 213:P:CA 214:C:TX 215:E:PA,NJ 216:E:OH 217:CI:IL,IN,MO
218:C:MN,ND,WI 219:CEI:IN,IL,MI 220:E:OH,WV,KY 223:E:PA,MD 224:C:IL,WI 225:C:LA,MS
227:E:MD,VA,WV 228:C:MS,AL 229:CE:GA,FL,AL 231:DE:MI 234:E:OH,PA,WV 239:E:FL 240:E:MD,VA,WV
248:DE:MI 251:C:AL,FL,MS 252:E:NC,VA 253:P:WA 254:C:TX 256:CE:AL,TN,GA 260:EI:IN,OH,MI
262:C:WI,IL 267:E:PA,NJ 269:CDE:MI,IN 270:CE:KY,TN,IN 272:E:PA,NY,NJ 276:E:VA,WV,KY 279:P:CA
281:C:TX 283:E:OH,IN,KY 301:E:MD,VA,WV 302:E:DE,MD,NJ 303:CM:CO,OK 304:E:WV,VA,OH 305:E:FL
307:M:WY,MT,CO 308:CM:NE,KS,CO 309:C:IL,IA 310:P:CA 312:C:IL 313:DE:MI 314:C:MO,IL 315:E:NY
316:C:KS 317:EI:IN 318:C:LA,TX,AR 319:C:IA,IL,MO 320:C:MN,SD,WI 321:E:FL 323:P:CA 325:C:TX
326:E:OH,IN 330:E:OH,PA,WV 331:C:IL 332:E:NY,NJ 334:CE:AL,GA,FL 336:E:NC,VA,TN 337:C:LA,TX
339:E:MA 340:T:VI 341:P:CA 346:C:TX 347:E:NY,NJ 350:P:CA 351:E:MA,NH 352:E:FL 360:P:WA,OR
361:C:TX 363:E:NY 364:CE:KY,TN,IN 380:E:OH 385:M:UT 386:E:FL,GA 401:E:RI,MA,CT 402:CM:NE,SD,IA
404:E:GA 405:C:OK 406:CMP:MT,ID,WY 407:E:FL 408:P:CA 409:C:TX,LA 410:E:MD,DE,PA 412:E:PA
413:E:MA,CT,VT 414:C:WI 415:P:CA 417:C:MO,AR,KS 419:E:OH,IN,MI 423:CE:TN,NC,GA 424:P:CA 425:P:WA
430:C:TX,OK,LA 432:CM:TX,NM 434:E:VA,NC 435:MPZ:UT,CO,AZ 440:E:OH,PA 442:PZ:CA,AZ,NV
443:E:MD,DE,PA 445:E:PA,NJ 447:CI:IL,IN,MO 448:CE:FL,AL,GA 458:BP:OR,WA,ID 463:EI:IN 464:C:IL,IN
469:C:TX 470:CE:GA,AL 472:E:NC,SC 475:E:CT,NY 478:E:GA,SC 479:C:AR,OK,MO 480:Z:AZ 484:E:PA,NJ,DE
501:C:AR 502:E:KY,IN 503:P:OR,WA 504:C:LA 505:MZ:NM,AZ,CO 507:C:MN,IA,SD 508:E:MA,RI,CT
509:P:WA,ID,OR 510:P:CA 512:C:TX 513:E:OH,IN,KY 515:C:IA,MN 516:E:NY 517:DE:MI,OH,IN
518:E:NY,VT,MA 520:MZ:AZ,NM 530:P:CA,NV,OR 531:CM:NE,SD,IA 534:C:WI,MN,MI 539:C:OK,AR,KS
540:E:VA,WV,MD 541:BMP:OR,WA,ID 551:E:NJ,NY 557:C:MO,IL 559:P:CA 561:E:FL 562:P:CA
563:C:IA,IL,WI 564:P:WA,OR 567:E:OH,IN,MI 570:E:PA,NY,NJ 571:E:VA,MD,DC 572:C:OK 573:C:MO,IL,AR
574:CEIX:IN,MI 575:CMZ:NM,TX,CO 580:CM:OK,TX,KS 582:E:PA,NY,MD 585:E:NY,PA 586:DE:MI
601:C:MS,LA,AL 602:Z:AZ 603:E:NH,VT,MA 605:CMN:SD,NE,ND 606:CE:KY,VA,OH 607:E:NY,PA
608:C:WI,IL,IA 609:E:NJ,PA 610:E:PA,NJ,DE 612:C:MN 614:E:OH 615:C:TN,KY 616:DE:MI 617:E:MA
618:CV:IL,MO,IN 619:P:CA 620:CM:KS,OK,MO 623:Z:AZ 626:P:CA 628:P:CA 629:C:TN,KY 630:C:IL
631:E:NY 636:C:MO,IL 640:E:NJ,PA 641:C:IA,MO,MN 646:E:NY,NJ 650:P:CA 651:C:MN,WI 656:E:FL
657:P:CA 659:C:AL,MS 660:C:MO,IA,KS 661:P:CA 662:C:MS,TN,AL 667:E:MD,DE,PA 669:P:CA 671:G:GU
678:CE:GA,AL 680:E:NY 681:E:WV,VA,OH 682:C:TX 689:CE:FL 701:CMN:ND,SD,MN 702:PZ:NV,AZ,CA
703:E:VA,MD,DC 704:E:NC,SC 706:CE:GA,AL,SC 707:P:CA,OR 708:C:IL,IN 712:C:IA,NE,MN 713:C:TX
714:P:CA 715:C:WI,MN,MI 716:E:NY,PA 717:E:PA,MD 718:E:NY,NJ 719:CM:CO,KS,OK 720:CM:CO,OK
724:E:PA,WV,OH 725:PZ:NV,AZ,CA 726:C:TX 727:E:FL 731:C:TN,KY,MO 732:E:NJ 734:DE:MI,OH 737:C:TX
740:E:OH,WV,KY 743:E:NC,VA,TN 747:P:CA 754:E:FL 757:E:VA,NC,MD 760:PZ:CA,AZ,NV 762:CE:GA,AL,SC
763:C:MN 765:CEI:IN,IL,OH 769:C:MS,LA,AL 770:CE:GA,AL 771:E:DC,MD,VA 772:E:FL 773:C:IL,IN
774:E:MA,RI,CT 775:BMPZ:NV,CA,UT 779:CI:IL,WI,IN 781:E:MA 785:CM:KS,NE,MO 786:E:FL 787:R:PR
801:M:UT 802:E:VT,NH,NY 803:E:SC,NC,GA 804:E:VA 805:P:CA 806:CM:TX,OK,NM 808:H:HI 810:DE:MI
812:CEI:IN,IL,OH 813:E:FL 814:E:PA,NY,MD 815:CI:IL,WI,IN 816:C:MO,KS 817:C:TX 818:P:CA 820:P:CA
826:E:VA,WV,MD 828:E:NC,TN,SC 830:C:TX 831:P:CA 832:C:TX 835:E:PA,NJ,DE 838:E:NY,VT,MA
839:E:SC,NC,GA 840:P:CA 843:E:SC,NC,GA 845:E:NY,NJ,CT 847:C:IL,WI 848:E:NJ 850:CE:FL,AL,GA
854:E:SC,NC,GA 856:E:NJ,PA 857:E:MA 858:P:CA 859:E:KY,OH,IN 860:E:CT,MA,RI 862:E:NJ,NY,PA
863:E:FL 864:E:SC,NC,GA 865:CE:TN,NC 870:C:AR,MO,LA 872:C:IL,IN 878:E:PA,WV,OH 901:C:TN,MS,AR
903:C:TX,OK,LA 904:E:FL,GA 906:CDEY:MI,WI 907:AHJK:AK 908:E:NJ,PA 909:P:CA 910:E:NC,SC
912:E:GA,SC,FL 913:C:KS,MO 914:E:NY,CT,NJ 915:CM:TX,NM 916:P:CA 917:E:NY,NJ 918:C:OK,AR,KS
919:E:NC,VA 920:C:WI 925:P:CA 928:MPZ:AZ,NM,UT 929:E:NY,NJ 930:CEI:IN,IL,OH 931:CE:TN,AL,KY
934:E:NY 936:C:TX,LA 937:E:OH,IN 938:CE:AL,TN,GA 939:R:PR 940:C:TX,OK 941:E:FL 943:CE:GA,AL
945:C:TX 947:DE:MI 948:E:VA,NC,MD 949:P:CA 951:P:CA 952:C:MN 954:E:FL 956:C:TX 959:E:CT,MA,RI
970:CM:CO,WY,NE 971:P:OR,WA 972:C:TX 973:E:NJ,NY,PA 978:E:MA,NH 979:C:TX 980:E:NC,SC
983:CM:CO,OK 984:E:NC,VA 985:C:LA,MS 986:BP:ID,MT,WA 989:DE:MI
"""

# Newer area codes, and the one over whose area they lie.
_OVERLAYS = (
    "235:573 274:920 324:904 327:870 329:845 353:608 369:707 645:305 686:804 728:561 730:618 "
    "738:213 748:970 821:864 975:816"
)

# Zones and provinces, with corners that keep another clock than the rest.
_CANADA = {
    "Edmonton:AB": "368 403 587 780 825",
    "Vancouver:BC": "604",
    "Creston,Dawson_Creek,Edmonton,Fort_Nelson,Vancouver:BC": "236 250 257 672 778",
    "Winnipeg:MB": "204 431 584",
    "Halifax,Moncton:NB": "428 506",
    "Goose_Bay,Halifax,St_Johns:NL": "709 879",
    "Glace_Bay,Halifax:NS,PE": "782 902",
    "Cambridge_Bay,Dawson,Inuvik,Iqaluit,Rankin_Inlet,Resolute,Whitehorse,Yellowknife:NT,NU,YT": (
        "867"
    ),
    "Toronto:ON": "226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 905 942",
    "Atikokan,Toronto,Winnipeg:ON": "807",
    "Toronto:QC": "263 354 438 450 468 514 579 819 873",
    "Blanc-Sablon,Halifax,Toronto:QC": "367 418 581",
    "Edmonton,Regina,Swift_Current:SK": "306 474 639",
}


def _area(zones: Iterable[str], country: str, parts: str) -> Area:
    """Read a fact; an island is no part of its country but a place of its own."""
    places = [part if part in ISLANDS else f"{country}-{part}" for part in parts.split(",")]
    return Area(tuple(places), tuple(sorted(zones)))


def _canadian(fact: str) -> Area:
    zones, _, parts = fact.partition(":")
    return _area((f"America/{zone}" for zone in zones.split(",")), "CA", parts)


AREAS = {
    code: _area((_ZONES[zone] for zone in zones), "US", states)
    for code, zones, states in (fact.split(":") for fact in _UNITED_STATES.split())
}
AREAS |= {new: AREAS[old] for new, old in (pair.split(":") for pair in _OVERLAYS.split())}
AREAS |= {code: _canadian(fact) for fact, codes in _CANADA.items() for code in codes.split()}
