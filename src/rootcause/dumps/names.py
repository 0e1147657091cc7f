"""The names that columns go by, whatever export they come from."""

from __future__ import annotations

# What a column may be named, best first, in the spelling of `sniff.plain`.
NAMES: dict[str, tuple[str, ...]] = {
    name: tuple(aliases.split(" | "))
    for name, aliases in {
        "mention_id": "mention id | tweet id | id str | id | review id | ticket id | ticket"
        " | ticket number | complaint id | comment id | post id | message id | status id"
        " | resource id | external id | case number | case id | uuid",
        "text": "full text | text | tweet text | tweet | conversation stream | hit sentence"
        " | mention content | mention snippet | body | message | message text | content"
        " | review text | review body | review content | review | review s | comment text"
        " | comment | post text | post content | post | selftext | caption"
        " | ticket description | description | email body | consumer complaint narrative"
        " | complaint text | complaint description | customer complaint | narrative"
        " | feedback | verbatim | transcript | utterance | snippet | opening text | mention"
        " | conteúdo | conteudo | contenido | texto | contenu | texte | inhalt | nachricht"
        " | testo | tekst | treść",
        "title": "title | review title | subject | headline | ticket subject | titel | titulo"
        " | título | titre | oggetto | betreff",
        "created_at": "created at | created time | created date | date created | createdtime"
        " | created utc | created | tweet created | created datetime | creation date | published"
        " | published at | date published | publish date | posted at | post date | date posted"
        " | posted | review date | date received | received at | received date | date submitted"
        " | submitted at | submission date | opened at | date | datetime | date time | timestamp"
        " | at | date month year | data | datum | fecha | date utc | indexed at | time",
        "time": "time | hora | uhrzeit | heure | ora",
        "author": "author username | author screen name | sender screen name"
        " | twitter screen name | screen name | username | author | author handle | handle"
        " | user name | author name | influencer | author id | user id | user | requester id"
        " | requester email | requester | requester name | customer email | customer id"
        " | customer name | customer | reviewer name | reviewer | contact id | email | full name"
        " | autor | auteur | autore | sender | name",
        "channel": "channel | page type | source type | platform | network | sn type"
        " | sn type column | via channel | via | received via | submitted via | source"
        " | content source name | content source | media type | fonte | quelle",
        "brand": "brand | brand name | airline | query name | matched profile | app | app name"
        " | company | company name | input name | product",
        "url": "url | link | permalink | original url | tweet url | post url | review url"
        " | ticket url | uri",
        "language": "language | lang | language code | idioma | sprache | langue",
        "thread_id": "thread id | conversation id | thread | discussion id",
        "parent_id": "in response to tweet id | in reply to status id str"
        " | in reply to status id | in reply to id | replied to id | parent id | parent post id"
        " | reply to id | x reply to | twitter reply to",
        "inbound": "inbound | is inbound | direction",
        "answered_at": "answered at | initial response time | first response at"
        " | first replied at | first reply at | replied at | reply date | response date",
        "answer_minutes": "first reply time in minutes",
        "reply": "reply content",
        "status": "status | ticket status | case status",
        "resolved_at": "resolved time | resolved at | solved at | closed at | closed time",
    }.items()
}

# Columns that hold many things besides a brand: taken for one only where few values repeat.
DOUBTFUL_BRANDS = frozenset(("app", "app name", "company", "company name", "product", "input name"))

FIELDS = tuple(NAMES)
