"""Verifies DKIM signatures with dkimpy. Standard input is JSON: the DNS records by name, and
letters. Standard output is JSON: for each letter, what came of each of its signatures."""

import json
import sys

import dkim

# Whether a signature is of the future is no question of the letter's bytes.
dkim.time.time = lambda: 4e9

task = json.load(sys.stdin)


def record(name, timeout=5):
    return task["records"].get(name.decode().rstrip("."), "").encode()


def verified(letter, index):
    try:
        return bool(letter.verify(idx=index, dnsfunc=record))
    except dkim.DKIMException as error:
        return str(error)


results = []
for text in task["letters"]:
    letter = dkim.DKIM(text.encode(), minkey=1024)
    count = sum(name.lower() == b"dkim-signature" for name, _ in letter.headers)
    results.append([verified(letter, index) for index in range(count)])
json.dump(results, sys.stdout)
