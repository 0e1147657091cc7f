"""Words that say the same thing, so that a phrase is backed by mentions in other words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rootcause.naming.words import DENYING, stem, telling, words_of

DISLIKE, WISH = "dislike", "wish"
DENIED = "no "  # before the sense of a denied word

# Each line is one sense; a word stands in one line only. Words of many senses are left out.
SENSES = """
slow lag laggy sluggish slower slowness
freeze frozen froze hang
crash shut quit
glitch glitchy bug buggy
photo picture image pic
email mail
login log sign signin
attachment attach
notification notify alert
badge bubble
interface ui layout design redesign
update version
phone iphone mobile
tablet ipad
computer desktop pc laptop
system ios
rotate landscape portrait orientation horizontal vertical sideways tilt
shrink zoom narrow width margin resize smaller
private incognito
review rate
audio sound mp3
music song
video movie
file document doc pdf
folder label
promotion promotional promo
advert ad advertisement advertising
class lesson
pupil student
homework assignment
meeting meet
flight flt fly
plane aircraft
luggage bag baggage suitcase
delay late
cancel cancelled cancellation cancelling
agent rep employee staff representative
crew attendant
rude attitude unfriendly disrespectful unprofessional
refund reimburse reimbursement
ride cab taxi
price cost
bill invoice
internet broadband
signal coverage network
fail failure decline
payment transaction
answer reply respond response
broken break broke damage
fraud scam fraudulent
spam junk
track spy monitor
censor censorship suppress silence
website site web
page webpage
open launch
icon logo
confusing complicated complex hard difficult intuitive unintuitive chaotic disorganized
hidden hide
feature function functionality
reinstall redownload
news article headline
suggested suggestion
delivery deliver
wrong incorrect
food meal snack
runway tarmac
keyboard typing type
passcode password pin
racist racism racists discrimination discriminate islamophobia islamophobic
bias biased
politics political government politician
"""

_SENSE = {stem(word): line.split()[0] for line in SENSES.splitlines() for word in line.split()}
_SENSE |= {stem(DISLIKE): DISLIKE, stem(WISH): WISH}


@lru_cache(maxsize=65_536)
def sense(word: str) -> str:
    """Return what a word, or its stem, says: the first word of its sense, else its stem."""
    cut = stem(word)
    return _SENSE.get(cut) or _SENSE.get(stem(cut)) or cut


# Signing out is another trouble than signing in; disliking and wishing are said in many ways.
_IN = words_of("log logs logged logging sign signs signed signing")
# A mention denies the telling words among so many after the denial; a phrase the first one.
REACH = 5
_DENIED = DENYING | words_of(
    """fails fail failed refuses refused stopped stops longer cant couldnt couldn't wouldnt wouldn't
    isnt aren't arent nor lacks lack lacking needs need missing wish"""
)
_DISLIKED = words_of(
    """hate hated hates dislike disliked ugly hideous horrible horrid awful terrible revert worse
    worst prefer fan annoying annoyed ruined stupid sucks suck bad disappointed clunky trash garbage
    cluttered confusing pointless unnecessary restore undo"""
)
_WISHED = words_of(
    """wish wishes wished add adding needs need should would want wanted could lack lacks lacking
    missing allow support option options ability suggest suggestion suggestions improvement
    improvements improve improved hope hoping please bring"""
)


def senses(words: Sequence[str], *, tone: bool = True) -> set[str]:
    """Return what the words of a clause say, and whether it dislikes or wishes (`tone`).

    What a clause denies ("does not open") it says twice, as a word and as a denied one.
    """
    found = {sense(word) for word in words if telling(word)}
    for place, word in enumerate(words):
        if word in _IN and "out" in words[place + 1 : place + 3]:
            found = (found - {"login"}) | {"logout"}
        if word in (_DENIED if tone else DENYING):
            reach = words[place + 1 : place + 1 + (REACH if tone else len(words))]
            denied = [sense(w) for w in reach if telling(w) and w not in _DENIED]
            found |= {DENIED + w for w in (denied if tone else denied[:1])}
    if not tone:
        return found
    if not _DISLIKED.isdisjoint(words):
        found.add(DISLIKE)
    if not _WISHED.isdisjoint(words):
        found.add(WISH)
    return found
