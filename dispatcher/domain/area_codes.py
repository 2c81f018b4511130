"""Area codes of the United States whose people live in more than one zone."""

from __future__ import annotations

# From the ZIP codes served by each area code, joined with what libphonenumber names for it.
_SHARED: dict[tuple[str, ...], str] = {
    ("America/Adak", "America/Anchorage", "America/Juneau", "Pacific/Honolulu"): ("907"),
    ("America/Boise", "America/Denver", "America/Los_Angeles"): ("208 541"),
    ("America/Boise", "America/Denver", "America/Los_Angeles", "America/Phoenix"): ("775"),
    ("America/Boise", "America/Los_Angeles"): ("458 986"),
    ("America/Chicago", "America/Denver"): (
        "303 308 402 432 531 580 620 719 720 785 806 915 970 983"
    ),
    ("America/Chicago", "America/Denver", "America/Los_Angeles"): ("406"),
    ("America/Chicago", "America/Denver", "America/North_Dakota/Center"): ("605 701"),
    ("America/Chicago", "America/Denver", "America/Phoenix"): ("575"),
    ("America/Chicago", "America/Detroit", "America/Menominee", "America/New_York"): ("906"),
    ("America/Chicago", "America/Detroit", "America/New_York"): ("269"),
    ("America/Chicago", "America/Indiana/Indianapolis"): ("217 447 779 815"),
    (
        "America/Chicago",
        "America/Indiana/Indianapolis",
        "America/Indiana/Knox",
        "America/New_York",
    ): ("574"),
    ("America/Chicago", "America/Indiana/Indianapolis", "America/New_York"): ("219 765 812 930"),
    ("America/Chicago", "America/Indiana/Vincennes"): ("618"),
    ("America/Chicago", "America/New_York"): (
        "229 256 270 334 364 423 448 470 606 678 689 706 762 770 850 865 931 938 943"
    ),
    ("America/Denver", "America/Los_Angeles", "America/Phoenix"): ("435 928"),
    ("America/Denver", "America/Phoenix"): ("505 520"),
    ("America/Detroit", "America/New_York"): ("231 248 313 517 586 616 734 810 947 989"),
    ("America/Indiana/Indianapolis", "America/New_York"): ("260 317 463"),
    ("America/Los_Angeles", "America/Phoenix"): ("442 702 725 760"),
}

AREA_ZONES = {code: zones for zones, codes in _SHARED.items() for code in codes.split()}
