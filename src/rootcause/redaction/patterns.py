"""The patterns of what has a shape: addresses, numbers, links, handles."""

from __future__ import annotations

import re

_I = re.IGNORECASE
ID = r"(?=[A-Z0-9/_-]*\d)[A-Z0-9][A-Z0-9/_-]{2,30}"

FEDIVERSE = re.compile(r"(?<![\w@])@[\w.-]{2,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}")
EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%'-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,5}")
EMAIL_SPOKEN = re.compile(
    r"\b[\w.+-]{2,64}(?:\s*[\[({]\s*at\s*[\])}]\s*|\s+at\s+|@\s*|\s+@\s+)[\w-]{2,40}"
    r"(?:(?:\s*[\[({]\s*dot\s*[\])}]\s*|\s+dot\s+)[a-z]{2,10}){1,2}\b"
    r"|\b[\w.+-]{2,64}\s*(?:[\[({]\s*at\s*[\])}]|\s@\s|\s@|@\s)\s*"
    r"[\w-]{2,40}(?:\.[a-z]{2,10}){1,2}\b"
    r"|\b[\w.+-]{2,64}\s+at\s+(?:gmail|hotmail|outlook|yahoo|icloud|aol|proton(?:mail)?)"
    r"(?:\.[a-z]{2,5}){1,2}\b",
    _I,
)
URL = re.compile(r"(?<![\w@])(?:[a-z][a-z0-9+.-]{1,11}://|www\.|(?:t|fb|wa)\.(?:co|me)/)\S+", _I)
SCRIPT_LINK = re.compile(r"\b(?:javascript|vbscript|data):\S+", _I)
IBAN = re.compile(
    r"\b[A-Z]{2}\d{2}[ -]?[A-Z0-9]{4}(?:[ -]?(?=[A-Z]{0,3}\d)[A-Z0-9]{1,4}){2,8}\b", _I
)
DIGITS = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,39}(?![\w])")
CARD_TAIL = re.compile(
    r"\b((?:card|visa|mastercard|amex|account|acct|debit|credit)\b[\w ,]{0,20}?"
    r"(?:ending(?: in| with)?|ends(?: in| with)?|last (?:four|4)(?: digits)?(?: are| is)?)"
    r"[ :]*)[x*\u2022 .-]{0,20}\d{3,6}\b"
    r"|((?:ending(?: in| with)?|last (?:four|4)(?: digits)?(?: are| is)?)[ :]+)\d{4}\b"
    r"|()(?:[x*\u2022]{2,16}[ -]?){1,4}\d{3,6}\b",
    _I,
)
NATIONAL = re.compile(
    r"\b\d{3}-\d{2}-\d{4}\b|\b(?!GB|IE)[A-CEGHJ-PR-TW-Z]{2}(?: ?\d{2}){3} ?[A-D]\b"
)
SORT_CODE = re.compile(r"\b(sort(?: ?code)?\W{0,3}(?:is\s)?\s*)\d{2}[- ]?\d{2}[- ]?\d{2}\b", _I)
IP = re.compile(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]*\d)"
    r"|\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{0,4}(?:::?[0-9a-f]{1,4})?(?![\w:])",
    _I,
)
BIRTH = re.compile(
    r"\b((?:d\.?o\.?b\.?|date of birth|birth ?date|birthday|born(?: on)?)\W{0,3}(?:is |was )?)"
    r"(?:\d{1,2}(?:st|nd|rd|th)?[ ./-](?:of )?(?:\d{1,2}|[A-Z]{3,9})[ ,./-]{1,2}\d{2,4}"
    r"|[A-Z]{3,9} \d{1,2}(?:st|nd|rd|th)?,? \d{2,4}|\d{4}-\d\d-\d\d)",
    _I,
)
PLATE = re.compile(r"\b[A-Z]{2}\d{2} [A-Z]{3}\b")
CUED_ID = re.compile(
    r"\b((?:order|account|acct|a/c|case|ticket|booking|reference|ref|confirmation|reservation|"
    r"conf|tracking|policy|customer|member(?:ship)?|invoice|claim|complaint|incident|parcel|shipment|"
    r"consignment|passport|licen[cs]e|plate|reg(?:istration)?|imei|serial|contract|transaction|"
    r"txn|pnr|locator|loyalty|frequent flyer|rewards|sim|iccid|meter|employee|staff|badge|file|"
    r"subscription|request|report|sr|rma|return|voucher|work ?order|job)s?"
    r"(?:[ -]?(?:number|num|nr|no|id|code|ref(?:erence)?|card|locator|plate|acct|account))?"
    r"(?:\.|\b)(?: (?:is|was|are|of))?\s{0,2}[:#=(\u2116-]{0,3}\s{0,2}(?:no\.?|nr\.?)?\s?#?)"
    rf"({ID})(?!\w)",
    _I,
)
PNR = re.compile(
    r"\b((?:(?i:booking|confirmation|reservation|record)(?: (?i:ref(?:erence)?|code|locator|"
    r"number|no|id))|(?i:pnr|record locator|(?:booking|bkg|resa?) ref))\.?"
    r"(?: (?i:is|was))?[ :#(]{1,3})"
    r"([A-Z]{5,8})\b"
)
SECRET = re.compile(
    r"\b((?:password|passcode|passwort|pwd|pin|otp|cvv|cvc|security code|memorable word)"
    r"(?: ?[:=]\s*|(?: (?:is|was))? (?=[^\s,;]{0,39}[\d$%^&*#_])))[^\s,;]{3,40}(?<![.?,])",
    _I,
)
HASH_ID = re.compile(r"(?<![\w&])#\s?(?!(?:19|20)\d\d\b)[A-Z]{0,4}[-_]?\d[\d-]{3,30}(?!\w)")
LONG_ID = re.compile(r"(?<![\w.#$\u00a3\u20ac-])(?=[A-Z0-9-]*[A-Z])(?=(?:[A-Z-]*\d){6})"
                      r"(?!KB\d{7}\b)[A-Z0-9][A-Z0-9-]{7,39}(?![\w])")  # fmt: skip
POSTCODE = re.compile(r"\b(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2})\b")
STREET = re.compile(
    r"\b(?:(?:[Ff]lat|[Aa]pt|[Aa]partment|[Uu]nit) ?\w{1,5},? )?\d{1,5}[a-z]? (?:[NSEW]\.? )?"
    r"(?:[A-Z][\w'-]{1,20} ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Way|Court|"
    r"Ct|Crescent|Terrace|Place|Pl|Boulevard|Blvd|Gardens|Grove|Square|Hill)\b\.?"
    r"(?: (?:apt|apartment|unit|#) ?\w{1,5}\b)?"
)
HANDLE = re.compile(r"(?<![\w@/])@(?!\d{1,2}(?::\d\d)? ?(?:am|pm)\b)\w*[^\W\d]\w*(?:\.\w+)*")
REDDIT = re.compile(r"(?<![\w/])/?u/[\w-]{3,25}")
DISCORD = re.compile(r"(?<![\w#])[A-Za-z][\w.]{2,31}#\d{4}\b")
CUED_HANDLE = re.compile(
    r"\b((?:insta(?:gram)?|ig|snap(?:chat)?|telegram|discord|steam|whatsapp|skype|"
    r"gamertag|psn(?: id)?|twitter|xbox(?: live)?|user ?name|user ?id|login|screen ?name)"
    r"(?: handle| tag| name)?"
    r"(?:\s?[:=]\s?| is (?=[\w.-]*[\d_.][\w.-]*\w)))(@?[\w.-]{2,29}\w)",
    _I,
)
PHONE = re.compile(
    r"(?<![\w.,$\u00a3\u20ac])(?:(?:\+|00)\d|\(\+?\d|\d)"
    r"(?:[ ().\u2010-\u2013/-]{0,3}\d){6,15}(?!\w)"
)
QUANTITY = re.compile(
    r"\s?(?:%|\u20ac|\u00a3|\$|k\b|gb\b|mb\b|kb\b|mbps|ms\b|km\b|kg\b|usd|eur|gbp|inr|rs\b|pounds|"
    r"dollars|euros?|rupees|people|users|customers|followers|views|subscribers|miles|steps|times|"
    r"points|years?|days|hours|tokens|rows|words|downloads|reviews|avios|characters|employees|"
    r"bucks|km/h|mph|\.\d)",
    _I,
)
AMOUNT_CUE = re.compile(r"(?:[$\u00a3\u20ac\u20b9]|\b(?:rs|inr|usd|eur|gbp|build|version|v|error"
                           r"|code|0x|model|update))\.?\s?$", _I)  # fmt: skip
DATE = re.compile(
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:[0-2]?\d|3[01])(?:[ T]\d\d(?:[:.]?\d\d){0,2})?"
    r"|(?:[0-2]?\d|3[01])[-/.](?:[0-2]?\d|3[01])[-/.](?:19|20)?\d\d(?: \d\d?)?"
    r"|(?:19|20)\d\d ?[-\u2013/] ?(?:19|20)\d\d|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])"
    r"|\d{1,2}(?:\.\d{1,5}){2,3}|\d+\.\d+|\d{1,2}(?:\.\d{3})+|[1-9]\d?\d?(?: \d{1,2}){2}|\d+000"
)
