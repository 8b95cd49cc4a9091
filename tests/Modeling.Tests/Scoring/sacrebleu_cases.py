#!/usr/bin/env python3
"""Writes sacrebleu_cases.json: small corpora with the scores and counts that sacreBLEU gives them.
Run again with: pip install sacrebleu && python3 sacrebleu_cases.py > sacrebleu_cases.json"""
import json
import sys

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF

CORPORA = [
    ("identical", ["The cat sat on the mat.", "A dog barks."], ["The cat sat on the mat.", "A dog barks."]),
    ("identical but too short for 4-grams", ["Hi there"], ["Hi there"]),
    ("one word right", ["test"], ["test"]),
    ("one word wrong", ["test"], ["toast"]),
    ("one word of a sentence", ["test"], ["a test"]),
    ("one word missing from a longer sentence", ["A man rides a bike down the street."], ["A man rides a red bike down the street."]),
    ("nothing in common", ["alpha beta gamma delta"], ["eins zwei drei vier"]),
    ("empty translation", [""], ["The cat sat on the mat."]),
    ("empty among others", ["The cat sat on the mat.", "", "A dog barks loudly at night."], ["The cat sat on the mat.", "Nobody came.", "A dog barks loudly at night."]),
    ("all empty", ["", ""], ["The cat.", "The dog."]),
    ("empty reference", ["The cat sat."], [""]),
    ("white space only", [" \t ", "\u00a0 \u2003"], ["The cat.", "The dog."]),
    ("casing", ["the Cat sat on the mat today"], ["The cat sat on the mat today"]),
    ("punctuation apart and attached", ["Hello , world ! ( really ? )", "Yes; no: maybe... \"quoted\" it's"], ["Hello, world! (really?)", "Yes; no: maybe ... \"quoted\" it 's"]),
    ("numbers with points, commas and dashes", ["It cost 1,234.56 on 2021-03-03, or 3.", "v1.2.3 is 50% off, .5 or 5."], ["It cost 1,234.56 on 2021-03-03 or 3.", "v1.2.3 is 50 % off, .5 or 5"]),
    ("symbols", ["a&b <tag> {x} [y] ~z `w` ^v_u @t #s $r %q *p +o =n |m \\l /k"], ["a & b < tag > { x } [ y ] ~ z ` w ` ^ v _ u @ t # s $ r % q * p + o = n | m \\ l / k"]),
    ("entities", ["Tom &amp; Jerry say &quot;hi&quot; &lt;now&gt; <skipped>done"], ["Tom & Jerry say \"hi\" <now> done"]),
    ("line ends inside", ["soft-\nware and hard\nware go on"], ["software and hard ware go on"]),
    ("repeated words", ["the the the the the the the"], ["The cat is on the mat where the dog was"]),
    ("longer than the reference", ["A man in a blue shirt is standing on a ladder cleaning a window right now."], ["A man is standing on a ladder cleaning a window."]),
    ("shorter than the reference", ["A man is standing on a ladder."], ["A man in a blue shirt is standing on a ladder cleaning a window."]),
    ("no 4-gram in common", ["two young men with hair look at hands"], ["two young , white males are outside near many bushes"]),
    ("umlauts and accents", ["Ein Mädchen fährt über die Straße.", "Le garçon naïf"], ["Ein Mädchen geht über die Straße.", "Le garçon naïf"]),
    ("combining accents differ from composed ones", ["cafe\u0301 au lait pour tous"], ["caf\u00e9 au lait pour tous"]),
    ("Chinese", ["我们今天去北京看长城。", "他说：“你好！”"], ["今天我们去北京看长城。", "他说：“您好！”"]),
    ("Chinese and Latin", ["我用GPT-4和Python 3.11写了2,000行代码，花了￥99.5。"], ["我用 GPT-4 和 Python 3.11 写了 2,000 行代码, 花了¥99.5。"]),
    ("Chinese beyond the BMP", ["𠀀𠀁和𠮷野家", "〇一二三"], ["𠀀𠀂和𠮷野家", "零一二三"]),
    ("quotes, dashes and arrows", ["“so” — he said… → done ‘yes’", "1–2 × 3 ≠ 4"], ["\"so\" - he said... → done 'yes'", "1-2 × 3 ≠ 4"]),
    ("emoji", ["I like 👍🏽 and 👩‍👩‍👧 very much 🇩🇪"], ["I like 👍 and 👩‍👩‍👧 very much 🇩🇪"]),
    ("odd separators", ["one\u001ctwo\u0085three\u2028four five\u00a0six"], ["one two three four five six"]),
    ("captions", [
        "A man in an orange hat is looking at something.",
        "A Boston Terrier is running on lush grass in front of a white fence.",
        "A girl in a karate uniform breaks a board with a kick.",
        "Five people in winter jackets and helmets stand in the snow with snowmobiles in the background.",
        "People are fixing the roof of a house."], [
        "A man in an orange hat starring at something.",
        "A Boston Terrier is running on lush green grass in front of a white fence.",
        "A girl in karate uniform breaking a stick with a front kick.",
        "Five people wearing winter jackets and helmets stand in the snow, with snowmobiles in the background.",
        "People are fixing the roof of a house."]),
]

cases = []
for name, hypotheses, references in CORPORA:
    case = {"name": name, "hypotheses": hypotheses, "references": references, "bleu": {}}
    for tokenizer in ("13a", "zh", "char", "none"):
        metric = BLEU(tokenize=tokenizer)
        score = metric.corpus_score(hypotheses, [references])
        case["bleu"][tokenizer] = {
            "score": score.score,
            "counts": [score.sys_len, score.ref_len, *score.counts, *score.totals],
            "line": score.format(signature=str(metric.get_signature())),
        }
    metric = CHRF()
    score = metric.corpus_score(hypotheses, [references])
    case["chrf"] = {"score": score.score, "line": score.format(signature=str(metric.get_signature()))}
    cases.append(case)
json.dump({"sacrebleu": sacrebleu.__version__, "cases": cases}, sys.stdout, ensure_ascii=False, indent=1)
print()
