"""Numbers, times, and words that many screens have."""

SENTENCES = {
    # times; the last eight are as short as their columns
    "never": "hiç",
    "now": "şimdi",
    "{span} ago": "{span} önce",
    "{s} s": "{s} sn",
    "{m} min": "{m} dk",
    "{h} h {m} min": "{h} sa {m} dk",
    "{d} d {h} h": "{d} g {h} sa",
    "{n}m": "{n} dk",
    "{n}h": "{n} sa",
    "{n}d": "{n} gün",
    "{n}m ago": "{n} dk",
    "{n}h ago": "{n} sa",
    "{n}d ago": "{n} gün",
    "{s}s": "{s}sn",
    "{m}m": "{m}dk",
    "{h}h{m}m": "{h}sa{m}",
    "{d}d{h}h": "{d}g{h}sa",
    "Jan": "Oca",
    "Feb": "Şub",
    "Mar": "Mar",
    "Apr": "Nis",
    "May": "May",
    "Jun": "Haz",
    "Jul": "Tem",
    "Aug": "Ağu",
    "Sep": "Eyl",
    "Oct": "Eki",
    "Nov": "Kas",
    "Dec": "Ara",
    # the state
    "All {count} tables current; deletions held: {names}: press e.": (
        "{count} tablonun tümü güncel; bekletilen silmeler: {names}: e'ye basın."
    ),
    "Go on": "Sürdür",
    "Follow": "İzle",
    # numbers
    "{n}/s": "{n}/sn",
    "{n}%": "%{n}",
    # counted things
    "row": "satır",
    "table": "tablo",
    "request": "istek",
    "time": "kez",
    "line": "satır",
}
