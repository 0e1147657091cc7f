"""What a group is about in one or two nouns, for where no phrase says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rootcause.naming.senses import sense
from rootcause.naming.words import words_of

# Nouns as a title shows them; a colon gives the word that mentions use for them. What stands
# under `complaints about` is judged; under `trouble with` it fails.
_TROUBLE = """
emails/inbox/accounts/password:passwords/login:signing in/login:sign-in/notifications/attachments
drafts/signature:signatures/folders/labels/links/pages/website:the website/tabs/bookmarks/search
history/keyboard:typing/files/photos/videos/audio:sound and audio/uploads/downloads/storage/sync
backup:backups/meetings/calls/chat:the chat/messages/calendar:the calendar/class:online classes
camera:the camera/microphone:the microphone/screen:the screen/tablet:tablets/phone:certain phones
widget:the widget
battery:the battery/charger:the charger/headphones/printer:the printer/printing
wifi:the wifi/internet:the internet/connection:the connection/router:the router/signal:the signal
server:the servers/streaming/channel:channels/tv:the television/box:the box/game:the game
luggage:luggage/seats/boarding/flight:flights/booking:bookings/reservation:reservations
ticket:tickets/checkin:check-in/plane:the plane/gate:the gate/hotel:the hotel
room:rooms/ride:rides/car:cars/pickup:the pickup/map:the map/location:the location
orders/delivery:deliveries/parcel:parcels/item:items/return:returns/exchange:exchanges
card:cards/payments/transfer:transfers/loan:loans/mortgage:mortgages/bank:the bank/cheque:cheques
claim:claims/policy:the policy/insurance:the insurance/meter:the meter/power
water/gas/heating:the heating/engineer:engineer visits
technician:technician visits/appointment:appointments/verification:verification/code:login codes
subscription:subscriptions/contract:the contract/voucher:vouchers/coupon:coupons
miles:miles/rewards:rewards/upgrade:upgrades/credit:credits/refund:refunds/machine:the machine
documents/assignment:assignments/homework:assignments/sim:SIM cards/plan:the plan
train:trains/bus:buses/lift:the lift/toilet:toilets/kitchen:the kitchen/door:doors
shop:the shop/store:the shop/font:fonts/colour:colours/color:colours/dark:dark mode
contact:contacts
"""
_COMPLAINTS = """
spam/advert:adverts/promotion:promotions/news/privacy/security/data/racist:racism
bias/censor:censorship/politics/interface:the design/icon:icons/buttons
feature:missing features/option:options/settings/price:prices/fee:fees/charges
bill:bills/tax:taxes/money/staff/agent:agents/crew:the crew
driver:drivers/manager:managers/teachers/school/pupil:pupils
support:support/queue:queues/hold:time on hold/delay:delays
cancel:cancellations/rebook:rebooking/weather/information/speech:free speech
search:search results/result:search results
food:food/quality:quality/size:sizes/smell/taste
material/fabric/book:books/shoe:shoes/fraud:fraud/hack:hacking
child:children/kid:children/music:music/article:articles/tracking:tracking/track:tracking
loyalty:loyalty benefits/status:status benefits/rule:rules/terms/offer:offers/deal:deals
promise:promises/wait:waiting/noise:noise/parking:parking/traffic:traffic/safety:safety
"""


def _nouns(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.replace("\n", "/").split("/"):
        word, _, shown = part.strip().partition(":")
        if word:
            found.setdefault(sense(word), shown or word)
    return found


_FAILS = _nouns(_TROUBLE)
_JUDGED = _nouns(_COMPLAINTS)
NOUNS = {**_JUDGED, **_FAILS}

# A noun is the group's matter where so many mentions say it, so much more than others do.
MATTER, MORE = 0.35, 0.15
# What fails is said by many in passing: "on my phone", "my account".
FAILING, OFTENER = 0.5, 0.25
# It is still what mixed mentions have most in common where so many say it, so much more.
HINT, SOME = 0.25, 0.1
# Words that say nothing where they stand alone.
_LIGHT = words_of(
    """app apps use used using user users work works working update updates able set against
    sometimes important good bad better best great instead give different little left sure however
    either around point issue issues problem problems fix fixed star stars idea"""
)


def about(
    shares: Mapping[str, tuple[float, float]], keys: Sequence[str] = (), *, asking: bool
) -> tuple[Sequence[str], Sequence[str]]:
    """Return titles that say what a group is about, and titles of a mixed group, best first.

    `shares` is, by sense, the share of the group's mentions and of all mentions that say it;
    `keys` are key phrases of the group.
    """
    more = {n: shares[n][0] - shares[n][1] for n in NOUNS if n in shares}
    best = sorted(more, key=lambda n: (-round(more[n] + shares[n][0] / 4, 6), n))
    telling = [
        n
        for n in best
        if shares[n][0] >= (FAILING if n in _FAILS else MATTER)
        and more[n] >= (OFTENER if n in _FAILS else MORE)
    ]
    hints = [n for n in best if shares[n][0] >= HINT and more[n] >= SOME]
    return list(_titles(telling, asking)), list(_mixed(hints, keys, asking))


def _titles(nouns: Sequence[str], asking: bool) -> Iterator[str]:
    for first in nouns:
        shown = NOUNS[first]
        if asking:
            yield f"questions about {shown}"
        else:
            yield f"{'trouble with' if first in _FAILS else 'complaints about'} {shown}"


def _mixed(nouns: Sequence[str], keys: Sequence[str], asking: bool) -> Iterator[str]:
    kind = f"mixed {'questions' if asking else 'complaints'}"
    shown = list(dict.fromkeys(NOUNS[n] for n in nouns))
    if len(shown) > 1:
        yield f"{kind} about {shown[0]} and {shown[1]}"
    for noun in shown:
        yield f"{kind} about {noun}"
    yield f"{kind} without a common problem"
    yield f"{kind} with little in common"
    for key in keys:
        if key not in _LIGHT:
            yield f"{kind} that mention '{key}'"
    yield f"{kind} on different matters"
    yield f"{kind} of many kinds"
    yield f"{kind} on single occasions"
