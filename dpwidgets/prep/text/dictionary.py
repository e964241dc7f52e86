"""A toy dictionary, English and German, for translation there and back.

It goes word by word and holds about sixty German words: enough to see why a sentence comes back changed.
Several English words share one German word, and an ambiguous one comes back as something else. A real
translation model knows the sentence, changes its order, and is a download; see chapter 05b.
"""

# German -> the English words that it stands for, in the same form. No English word stands twice.
GERMAN = {
    "aber": "but however", "alt": "old ancient", "angenehm": "pleasant agreeable",
    "Antwort": "answer reply", "arbeitet": "works labours", "billig": "cheap shoddy", "braun": "brown tan",
    "Buch": "book volume", "Ende": "end close", "Essen": "food dinner", "faul": "lazy rotten",
    "Film": "film movie", "freundlich": "friendly kind", "froh": "happy glad", "Fuchs": "fox bay",
    "Geschichte": "story history tale", "ging": "went walked", "groß": "large big tall",
    "großartig": "great grand", "gut": "good well", "half": "helped aided", "Haus": "house home",
    "heiß": "hot", "helfen": "help aid", "Hund": "dog hound", "Hunde": "dogs hounds",
    "hübsch": "pretty handsome", "kalt": "cold chilly", "kaufen": "buy purchase",
    "Kellner": "waiter steward", "Kinder": "children kids", "klein": "small little",
    "komisch": "funny odd comical", "lang": "long lengthy", "langsam": "slow sluggish", "laut": "loud noisy",
    "leicht": "easy light slight", "letzte": "last latest", "lieben": "love adore", "liebt": "loves adores",
    "Morgen": "morning tomorrow", "neu": "new novel", "nie": "never", "schlecht": "bad poor",
    "schnell": "quick fast rapid", "schwer": "heavy difficult", "schön": "lovely beautiful",
    "See": "lake sea", "sehr": "very much", "Seite": "page side", "springt": "jumps leaps bounces",
    "spät": "late tardy", "Tag": "day", "Telefon": "phone telephone", "traurig": "sad sorrowful",
    "unhöflich": "rude impolite", "warm": "warm heated", "wieder": "again", "Zug": "train draught",
}  # fmt: skip
