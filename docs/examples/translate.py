#!/usr/bin/env python3
"""Translates with a model folder in plain PyTorch: the weights go into torch.nn.Transformer under its own names.

usage: translate.py MODEL_FOLDER < sentences      one sentence a line in, one translation a line out (greedy)

Needs PyTorch 1.13 or newer and nothing else. `safetensors.torch.load_file` and `tokenizers.Tokenizer.from_file` do what
load_weights and Tokenizer do here, if you have those libraries.
"""
import json
import math
import re
import struct
import sys
import unicodedata
from pathlib import Path

import torch
import torch.nn as nn

PAD, BOS, EOS = 0, 1, 2


def load_weights(path):
    """A safetensors file: eight bytes of header length, a JSON header, then the tensors."""
    raw = Path(path).read_bytes()
    length, = struct.unpack('<Q', raw[:8])
    header = json.loads(raw[8:8 + length])
    data = memoryview(raw)[8 + length:]
    weights = {}
    for name, entry in header.items():
        if name != '__metadata__':
            begin, end = entry['data_offsets']
            weights[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).reshape(entry['shape'])
    return weights


class Tokenizer:
    """The byte-level byte-pair encoding of tokenizer.json."""

    def __init__(self, path):
        self.json = json.loads(Path(path).read_text(encoding='utf-8'))
        self.vocabulary = self.json['model']['vocab']
        self.tokens = {number: token for token, number in self.vocabulary.items()}
        self.ranks = {tuple(merge.split(' ')): rank for rank, merge in enumerate(self.json['model']['merges'])}
        if [part['type'] for part in self.json['normalizer']['normalizers']] != ['Prepend']:
            sys.exit(f'{path}: only a space in front of the text is known here, no other normalizer')
        printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
        others = (b for b in range(256) if b not in printable)
        self.letters = {**{b: chr(b) for b in printable}, **{b: chr(256 + i) for i, b in enumerate(others)}}
        self.bytes = {letter: b for b, letter in self.letters.items()}

    @staticmethod
    def words(text):
        """A run of letters and marks, one number, or a run of others, each with the one space before it."""
        kinds = ''.join({'L': 'l', 'M': 'l', 'N': 'n'}.get(unicodedata.category(c)[0], 's' if c == ' ' else 'o') for c in text)
        return [text[m.start():m.end()] for m in re.finditer('s?l+|s?n|s?o+|s+', kinds)]

    def encode(self, text):
        numbers = []
        for word in self.words(' ' + text) if text else []:
            parts = [self.letters[b] for b in word.encode('utf-8')]
            while len(parts) > 1:
                rank, at = min((self.ranks.get(pair, math.inf), i) for i, pair in enumerate(zip(parts, parts[1:])))
                if rank == math.inf:
                    break
                pair = parts[at:at + 2]
                merged, i = [], 0
                while i < len(parts):
                    merged.append(''.join(pair) if parts[i:i + 2] == pair else parts[i])
                    i += 2 if parts[i:i + 2] == pair else 1
                parts = merged
            numbers += [self.vocabulary[part] for part in parts]
        return numbers

    def decode(self, numbers):
        text = bytes(self.bytes[letter] for number in numbers if number > 3 for letter in self.tokens[number]).decode('utf-8', 'replace')
        return text[1:] if text.startswith(' ') else text


class Model(nn.Module):
    def __init__(self, spec, vocabulary_size):
        super().__init__()
        self.width = spec['dModel']
        self.shared = spec['sharedEmbeddings']
        for name in ['embedding'] if self.shared else ['source_embedding', 'target_embedding']:
            setattr(self, name, nn.Embedding(vocabulary_size, self.width))
        if not self.shared:
            self.output = nn.Linear(self.width, vocabulary_size, bias=False)
        self.kind = spec['positions']
        if self.kind == 'learned':
            self.positions = nn.Embedding(1024, self.width)
        layers = spec['layers']
        transformer = nn.Transformer(self.width, spec['heads'], layers, layers, spec['feedForward'],
                                     batch_first=True, norm_first=spec['norm'] == 'pre')
        self.encoder, self.decoder = transformer.encoder, transformer.decoder

    def embed(self, table, tokens):
        length = tokens.shape[1]
        if self.kind == 'none':
            return table(tokens) * math.sqrt(self.width)
        if self.kind == 'learned':
            return table(tokens) * math.sqrt(self.width) + self.positions.weight[:length]
        angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, self.width, 2) / self.width)
        sines = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :self.width]
        return table(tokens) * math.sqrt(self.width) + sines

    def encode(self, source):
        return self.encoder(self.embed(self.embedding if self.shared else self.source_embedding, source))

    def forward(self, memory, target):
        length = target.shape[1]
        x = self.embed(self.embedding if self.shared else self.target_embedding, target)
        y = self.decoder(x, memory, tgt_mask=torch.ones(length, length, dtype=torch.bool).triu(1))
        return y @ (self.embedding if self.shared else self.output).weight.T


def load(folder):
    manifest = json.loads((folder / 'manifest.json').read_text(encoding='utf-8'))
    spec = manifest['specification']['model']
    if spec['kind'] != 'transformer' or spec['positions'] == 'rotary':
        sys.exit('torch.nn.Transformer has no place for this model: recurrent layers and rotary positions need code of their own.')
    model = Model(spec, manifest['vocabulary_size'])
    weights = load_weights(folder / 'model.safetensors')
    if 'positions.weight' in weights:
        model.positions = nn.Embedding(*weights['positions.weight'].shape)
    model.load_state_dict(weights)  # strict: every name has its place
    return model.eval(), Tokenizer(folder / 'tokenizer.json')


@torch.no_grad()
def translate(model, tokenizer, sentence):
    if not sentence.strip():
        return ''
    source = tokenizer.encode(sentence) + [EOS]
    memory = model.encode(torch.tensor([source]))
    target = [BOS]
    while len(target) - 1 < min(256, int(1.5 * len(source) + 10)):
        scores = model(memory, torch.tensor([target]))[0, -1]
        scores[[PAD, BOS]] = -math.inf
        token = int(scores.argmax())
        if token == EOS:
            break
        target.append(token)
    return tokenizer.decode(target[1:])


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdin.reconfigure(encoding='utf-8')
    sys.stdout.reconfigure(encoding='utf-8')
    loaded = load(Path(sys.argv[1]))
    for line in sys.stdin:
        print(translate(*loaded, line.rstrip('\n')), flush=True)
