#!/usr/bin/env python3
"""Makes the golden vectors that the tests of attention and models compare with: inputs, weights, outputs and all gradients,
from PyTorch's own modules where it has them and from a formulation of its own where it has none.

usage: make_golden.py [FOLDER]     (default: beside this script; needs PyTorch 1.13 or newer and nothing else)

Everything is computed in double precision and stored in single. A file holds many cases; a tensor is named
CASE/inputs/…, CASE/weights/…, CASE/outputs/…, CASE/gradients/… (of sum(output * seed), or of the loss).
"""
import json
import math
import struct
import sys
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20240)
TYPES = {torch.float32: 'F32', torch.int64: 'I64', torch.bool: 'BOOL'}


def write(path, tensors):
    header, data, offset = {}, [], 0
    for name, tensor in tensors.items():
        tensor = tensor.detach()
        if tensor.dtype == torch.float64:
            tensor = tensor.float()
        raw = tensor.contiguous().numpy().tobytes()
        header[name] = {'dtype': TYPES[tensor.dtype], 'shape': list(tensor.shape), 'data_offsets': [offset, offset + len(raw)]}
        offset += len(raw)
        data.append(raw)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(data))
    print(f'{path.name}: {len(header)} tensors, {path.stat().st_size / 1000:.0f} kB')


class Cases:
    def __init__(self):
        self.tensors = {}

    def add(self, case, inputs, weights, outputs, loss=None):
        """Differentiates the loss, or the sum of the first output times a seed, with respect to everything that can be."""
        leaves = {**{f'inputs/{k}': v for k, v in inputs.items()}, **{f'weights/{k}': v for k, v in weights.items()}}
        wanted = {k: v for k, v in leaves.items() if v.requires_grad}
        if loss is None:
            first = next(iter(outputs.values()))
            seed = torch.randn_like(first)
            self.tensors[f'{case}/seed'] = seed
            loss = (first * seed).sum()
        gradients = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True) if wanted and loss.requires_grad else []
        for name, tensor in leaves.items():
            self.tensors[f'{case}/{name}'] = tensor
        for name, tensor in outputs.items():
            self.tensors[f'{case}/outputs/{name}'] = tensor
        for (name, leaf), gradient in zip(wanted.items(), gradients):
            self.tensors[f'{case}/gradients/{name}'] = torch.zeros_like(leaf) if gradient is None else gradient


def leaf(*shape, scale=1.0):
    return (torch.randn(*shape) * scale).float().double().requires_grad_()


def rounded(module, scale=0.4):
    """Rounds a module's parameters to single precision, so that both sides compute with the same numbers."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_((torch.randn_like(p) * scale).float().double() if p.dim() > 1 else (p + torch.randn_like(p) * 0.2).float().double())
    return module


def masked_softmax(scores, allowed):
    """The formulation of its own: exponentials of the allowed scores over their sum, zeros where there is none."""
    if allowed is None:
        allowed = torch.ones_like(scores, dtype=torch.bool)
    allowed = allowed.expand_as(scores)
    if scores.shape[-1] == 0:
        return scores
    top = torch.where(allowed, scores, torch.full_like(scores, -1e300)).amax(-1, keepdim=True)
    e = torch.where(allowed, (torch.where(allowed, scores, top) - top).exp(), torch.zeros_like(scores))
    total = e.sum(-1, keepdim=True)
    return e / torch.where(total > 0, total, torch.ones_like(total))


def masks(b, t, s):
    """Every kind of mask as (inputs for our side, allowed [B, T, S]); with rows that nothing is allowed to."""
    grid = torch.arange(s)
    yield 'none', {}, None
    lengths = torch.tensor([(i * 3 + 1) % (s + 1) for i in range(b)], dtype=torch.int64)
    yield 'row-lengths', {'lengths': lengths}, (grid < lengths[:, None, None]).expand(b, t, s)
    lengths = torch.tensor([[(i + j) % (s + 1) for j in range(t)] for i in range(b)], dtype=torch.int64).reshape(b, t)
    yield 'query-lengths', {'lengths': lengths}, grid < lengths[:, :, None]
    yield 'causal', {'causal': torch.tensor([1])}, (grid <= torch.arange(t)[:, None]).expand(b, t, s)
    allowed = torch.rand(b, t, s) < 0.6
    if b and t > 1:
        allowed[0, 1] = False
    yield 'boolean', {'allowed': allowed}, allowed
    lengths = torch.tensor([max(1, s - i) for i in range(b)], dtype=torch.int64)
    yield 'causal-and-lengths', {'causal': torch.tensor([1]), 'lengths': lengths}, (
        (grid <= torch.arange(t)[:, None]) & (grid < lengths[:, None, None]))
    yield 'nothing', {'allowed': torch.zeros(b, t, s, dtype=torch.bool)}, torch.zeros(b, t, s, dtype=torch.bool)


SHAPES = [(3, 4, 5), (1, 1, 1), (2, 1, 6), (1, 5, 5), (0, 3, 4)]


def pooling():
    cases = Cases()
    for b, t, s in SHAPES:
        for mask, extra, allowed in masks(b, t, s):
            for score in ('gaussian', 'dot', 'scaled-dot', 'additive'):
                dq, dk, dv, h = (3, 5, 4, 7) if score == 'additive' else (5, 5, 3, 0)
                q, k, v = leaf(b, t, dq), leaf(b, s, dk), leaf(b, s, dv)
                weights = {}
                if score == 'gaussian':
                    weights = {'score.sharpness': torch.tensor([0.75], requires_grad=True)}
                    a = -((q[:, :, None] - k[:, None]) * weights['score.sharpness']).pow(2).sum(-1) / 2
                elif score == 'additive':
                    weights = {'score.W_q.weight': leaf(h, dq), 'score.W_k.weight': leaf(h, dk), 'score.w_v.weight': leaf(1, h)}
                    a = torch.tanh((q @ weights['score.W_q.weight'].T)[:, :, None] + (k @ weights['score.W_k.weight'].T)[:, None])
                    a = (a @ weights['score.w_v.weight'].T).squeeze(-1)
                else:
                    a = q @ k.transpose(1, 2) / (math.sqrt(dq) if score == 'scaled-dot' else 1)
                alpha = masked_softmax(a, allowed)
                cases.add(f'{score}/{mask}/{b}x{t}x{s}', {'q': q, 'k': k, 'v': v, **extra}, weights, {'y': alpha @ v, 'weights': alpha})
    x, xi, y = leaf(6), leaf(9), leaf(9)
    sharpness = torch.tensor([1.5], requires_grad=True)
    alpha = torch.softmax(-((x[:, None] - xi) * sharpness).pow(2) / 2, -1)
    cases.add('nadaraya-watson/none/6x9', {'q': x, 'k': xi, 'v': y}, {'pooling.score.sharpness': sharpness}, {'y': alpha @ y, 'weights': alpha})
    return cases.tensors


def dot_product():
    cases = Cases()
    for heads in (0, 3):
        for b, t, s in SHAPES:
            for mask, extra, allowed in masks(b, t, s):
                lead = (b, heads) if heads else (b,)
                q, k, v = leaf(*lead, t, 5), leaf(*lead, s, 5), leaf(*lead, s, 7 if not heads else 5)
                a = q @ k.transpose(-1, -2) / math.sqrt(5)
                if heads and allowed is not None:
                    allowed = allowed[:, None]
                y = masked_softmax(a, allowed) @ v
                cases.add(f'{"heads" if heads else "plain"}/{mask}/{b}x{t}x{s}', {'q': q, 'k': k, 'v': v, **extra}, {}, {'y': y})
    return cases.tensors


def multi_head():
    cases = Cases()
    d, heads = 15, 3  # odd heads of 5
    for b, t, s in SHAPES:
        for mask, extra, allowed in masks(b, t, s):
            for kind in ('self', 'cross'):
                if kind == 'self' and t != s:
                    continue
                attention = rounded(nn.MultiheadAttention(d, heads, batch_first=True))
                weights = dict(attention.named_parameters())
                q = leaf(b, t, d)
                k = q if kind == 'self' else leaf(b, s, d)
                inputs = {'q': q, **({} if kind == 'self' else {'k': k}), **extra}
                if b == 0 or (allowed is not None and not allowed.any(-1).all()):
                    y = own_multi_head(q, k, k, weights, heads, allowed, d)  # PyTorch's module answers NaN, or refuses
                else:
                    blocked = None if allowed is None else ~allowed.repeat_interleave(heads, 0)
                    y, _ = attention(q, k, k, attn_mask=blocked, need_weights=False)
                cases.add(f'{kind}/{mask}/{b}x{t}x{s}', inputs, weights, {'y': y})
            p_q = p_k = 4
            dq, dk, dv, p_v, p_o = 6, 5, 7, 3, 8
            weights = {
                'q_proj_weight': leaf(heads * p_q, dq, scale=0.4), 'k_proj_weight': leaf(heads * p_k, dk, scale=0.4),
                'v_proj_weight': leaf(heads * p_v, dv, scale=0.4), 'in_proj_bias': leaf(heads * (p_q + p_k + p_v), scale=0.2),
                'out_proj.weight': leaf(p_o, heads * p_v, scale=0.4), 'out_proj.bias': leaf(p_o, scale=0.2)}
            q, k, v = leaf(b, t, dq), leaf(b, s, dk), leaf(b, s, dv)
            y = own_sizes(q, k, v, weights, heads, allowed, (p_q, p_k, p_v))
            cases.add(f'sizes/{mask}/{b}x{t}x{s}', {'q': q, 'k': k, 'v': v, **extra}, weights, {'y': y})
    return cases.tensors


def own_multi_head(q, k, v, weights, heads, allowed, d):
    w = {**weights, **dict(zip(('q_proj_weight', 'k_proj_weight', 'v_proj_weight'), weights['in_proj_weight'].split(d)))}
    return own_sizes(q, k, v, w, heads, allowed, (d // heads,) * 3)


def own_sizes(q, k, v, w, heads, allowed, sizes):
    biases = w['in_proj_bias'].split([heads * p for p in sizes])
    q, k, v = (F.linear(x, w[f'{n}_proj_weight'], bias) for x, n, bias in zip((q, k, v), 'qkv', biases))
    results = []
    for h in range(heads):  # one head after the other, as the equation has it
        a, c, e = (x[..., h * p:(h + 1) * p] for x, p in zip((q, k, v), sizes))
        results.append(masked_softmax(a @ c.transpose(1, 2) / math.sqrt(sizes[0]), allowed) @ e)
    return F.linear(torch.cat(results, -1), w['out_proj.weight'], w['out_proj.bias'])


def positions():
    cases = Cases()
    for t, d in ((7, 6), (1, 2), (5, 7), (600, 4)):
        angles = torch.arange(t)[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
        table = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :d]
        cases.add(f'sinusoidal/{t}x{d}', {}, {}, {'y': table}, loss=torch.zeros(()))
    for b, h, t, k, start in ((2, 3, 5, 6, 0), (1, 1, 1, 2, 3), (2, 1, 4, 8, 11)):
        x = leaf(b, h, t, k)
        angles = (torch.arange(t) + start)[:, None] / 10000 ** (torch.arange(0, k, 2) / k)
        turned = torch.complex(x[..., :k // 2], x[..., k // 2:]) * torch.polar(torch.ones_like(angles), angles)
        cases.add(f'rotary/{start}', {'x': x}, {}, {'y': torch.cat([turned.real, turned.imag], -1)})
    return cases.tensors


class Rotary(nn.Module):
    """torch.nn.MultiheadAttention's parameters, with queries and keys rotated by position."""

    def __init__(self, d, heads):
        super().__init__()
        self.inner, self.heads, self.d = nn.MultiheadAttention(d, heads, batch_first=True), heads, d

    def forward(self, x, allowed):
        q, k, v = F.linear(x, self.inner.in_proj_weight, self.inner.in_proj_bias).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        width = q.shape[-1]
        angles = torch.arange(x.shape[1])[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
        turn = lambda z: (lambda c: torch.cat([c.real, c.imag], -1))(
            torch.complex(z[..., :width // 2], z[..., width // 2:]) * torch.polar(torch.ones_like(angles), angles))
        y = masked_softmax(turn(q) @ turn(k).transpose(-1, -2) / math.sqrt(width), allowed) @ v
        return F.linear(y.transpose(1, 2).flatten(2), self.inner.out_proj.weight, self.inner.out_proj.bias)


def batch(b, s, t, v):
    source_lengths = torch.tensor([max(1, s - 2 * i) for i in range(b)])
    target_lengths = torch.tensor([max(1, t - i) for i in range(b)])
    fill = lambda x, lengths: torch.where(torch.arange(x.shape[1]) < lengths[:, None], x, torch.zeros_like(x))
    source = fill(torch.randint(3, v, (b, s)), source_lengths)
    target = fill(torch.randint(3, v, (b, t)), target_lengths)
    decoder_input = fill(torch.cat([torch.ones(b, 1, dtype=torch.int64), target[:, :-1]], 1), target_lengths)
    return source, source_lengths, decoder_input, target


def sines(t, d):
    angles = torch.arange(t)[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :d]


def transformer():
    cases = Cases()
    v, ffn, layers, heads = 17, 13, 2, 3
    for name, d, norm_first, shared, kind, (b, s, t) in (
            ('pre', 15, True, True, 'sinusoidal', (3, 6, 5)), ('post', 15, False, True, 'sinusoidal', (3, 6, 5)),
            ('pre-own-embeddings', 15, True, False, 'sinusoidal', (2, 4, 3)), ('batch-of-1', 15, True, True, 'sinusoidal', (1, 5, 4)),
            ('length-1', 15, True, True, 'sinusoidal', (2, 1, 1)), ('learned', 15, True, True, 'learned', (2, 4, 4)),
            ('rotary', 12, True, True, 'rotary', (3, 6, 5))):
        model = rounded(nn.Transformer(d, heads, layers, layers, ffn, dropout=0.0, batch_first=True, norm_first=norm_first))
        tables = {n: leaf(v, d, scale=0.4) for n in (['embedding'] if shared else ['source_embedding', 'target_embedding', 'output'])}
        source, lengths, decoder_input, labels = batch(b, s, t, v)
        table = lambda n: tables['embedding' if shared else n]
        weights = {**{f'{n}.weight': w for n, w in tables.items()}, **dict(model.named_parameters())}
        if kind == 'learned':
            weights['positions.weight'] = leaf(9, d, scale=0.4)
        place = {'sinusoidal': lambda n: sines(n, d), 'learned': lambda n: weights['positions.weight'][:n], 'rotary': lambda n: 0}[kind]
        x = table('source_embedding')[source] * math.sqrt(d) + place(s)
        y = table('target_embedding')[decoder_input] * math.sqrt(d) + place(t)
        padding = torch.arange(s) >= lengths[:, None]
        causal = torch.ones(t, t, dtype=torch.bool).triu(1)
        if kind == 'rotary':
            hidden = rotary_transformer(model, x, y, padding, causal, heads)
        else:
            hidden = model(x, y, tgt_mask=causal, src_key_padding_mask=padding, memory_key_padding_mask=padding)
        logits = hidden @ table('output').T
        loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, reduction='sum', label_smoothing=0.1)
        inputs = {'source': source, 'lengths': lengths, 'decoder_input': decoder_input, 'labels': labels}
        cases.add(name, inputs, weights, {'logits': logits, 'loss': loss.reshape(1)}, loss)
    return cases.tensors


def rotary_transformer(model, x, y, padding, causal, heads):
    def self_attention(attention, z, allowed):
        rotary = Rotary(attention.embed_dim, heads)
        rotary.inner = attention
        return rotary(z, allowed)
    for layer in model.encoder.layers:
        x = x + self_attention(layer.self_attn, layer.norm1(x), ~padding[:, None, None])
        x = x + layer.linear2(F.relu(layer.linear1(layer.norm2(x))))
    x = model.encoder.norm(x)
    for layer in model.decoder.layers:
        y = y + self_attention(layer.self_attn, layer.norm1(y), ~causal)
        y = y + layer.multihead_attn(layer.norm2(y), x, x, key_padding_mask=padding, need_weights=False)[0]
        y = y + layer.linear2(F.relu(layer.linear1(layer.norm3(y))))
    return model.decoder.norm(y)


def recurrent():
    cases = Cases()
    v, d, layers = 17, 7, 2
    for name, lstm, additive, shared, (b, s, t) in (
            ('gru-additive', False, True, True, (3, 6, 5)), ('gru-dot', False, False, True, (3, 6, 5)),
            ('lstm-additive', True, True, True, (3, 6, 5)), ('lstm-dot-own-embeddings', True, False, False, (2, 4, 3)),
            ('batch-of-1', False, True, True, (1, 4, 4)), ('length-1', False, True, True, (2, 1, 1))):
        tables = {n: leaf(v, d, scale=0.4) for n in (['embedding'] if shared else ['source_embedding', 'target_embedding', 'output'])}
        table = lambda n: tables['embedding' if shared else n]
        # Weights large enough that states differ from step to step: else the score's gradients are all rounding.
        encoder = rounded((nn.LSTM if lstm else nn.GRU)(d, d, layers, batch_first=True), 0.9)
        cells = nn.ModuleList(rounded((nn.LSTMCell if lstm else nn.GRUCell)(2 * d if i == 0 else d, d), 0.9) for i in range(layers))
        score = {f'decoder.score.{n}.weight': leaf(*size) for n, size in (('W_q', (d, d)), ('W_k', (d, d)), ('w_v', (1, d)))} if additive else {}
        weights = {**{f'{n}.weight': w for n, w in tables.items()}, **score}
        for i in range(layers):
            for p in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'):
                weights[f'encoder.layers.{i}.{p}'] = getattr(encoder, f'{p}_l{i}')
                weights[f'decoder.layers.{i}.{p}'] = getattr(cells[i], p)
        source, lengths, decoder_input, labels = batch(b, s, t, v)
        packed = nn.utils.rnn.pack_padded_sequence(table('source_embedding')[source] * math.sqrt(d), lengths, batch_first=True)
        states, final = encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=s)
        state = [(final[0][i], final[1][i]) if lstm else final[i] for i in range(layers)]
        embedded = table('target_embedding')[decoder_input] * math.sqrt(d)
        allowed = (torch.arange(s) < lengths[:, None])[:, None]
        tops = []
        for step in range(t):
            query = (state[-1][0] if lstm else state[-1])[:, None]
            if additive:
                a = torch.tanh((query @ weights['decoder.score.W_q.weight'].T)[:, :, None] + (memory @ weights['decoder.score.W_k.weight'].T)[:, None])
                a = (a @ weights['decoder.score.w_v.weight'].T).squeeze(-1)
            else:
                a = query @ memory.transpose(1, 2) / math.sqrt(d)
            x = torch.cat([(masked_softmax(a, allowed) @ memory).squeeze(1), embedded[:, step]], -1)
            for i, cell in enumerate(cells):
                state[i] = cell(x, state[i])
                x = state[i][0] if lstm else state[i]
            tops.append(x)
        logits = torch.stack(tops, 1) @ table('output').T
        loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, reduction='sum', label_smoothing=0.1)
        inputs = {'source': source, 'lengths': lengths, 'decoder_input': decoder_input, 'labels': labels}
        cases.add(name, inputs, weights, {'logits': logits, 'loss': loss.reshape(1)}, loss)
    return cases.tensors


if __name__ == '__main__':
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    for make in (pooling, dot_product, multi_head, positions, transformer, recurrent):
        write(folder / f'{make.__name__}.safetensors', make())
