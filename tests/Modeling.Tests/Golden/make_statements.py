#!/usr/bin/env python3
"""Computes the statements of the course on attention (docs/attention), each straight from its equation, with numbers and loops:
nothing but Python, no library that could share an error with ours. StatementTests compares the library with the results.

usage: make_statements.py [FILE]     (default: statements.json beside this script)
"""
import json
import math
import random
import sys
from pathlib import Path

random.seed(20241)


def numbers(*sides):
    """Normal numbers of three digits: exact in what the tests read."""
    if not sides:
        return round(random.gauss(0, 1), 3)
    return [numbers(*sides[1:]) for _ in range(sides[0])]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def times(matrix, vector):
    return [dot(row, vector) for row in matrix]


def plus(a, b):
    return [x + y for x, y in zip(a, b)]


def softmax(scores, allowed=None):
    allowed = [True] * len(scores) if allowed is None else allowed
    powers = [math.exp(s) if a else 0.0 for s, a in zip(scores, allowed)]
    total = sum(powers)
    return [p / total if total else 0.0 for p in powers]


def weighted_sum(weights, values):
    return [sum(w * v[j] for w, v in zip(weights, values)) for j in range(len(values[0]))]


def attention(score, queries, keys, values, allowed=None):
    """f(q) = sum of softmax(a(q, k_i)) v_i, for each query: weights and results."""
    weights = [softmax([score(q, k) for k in keys], None if allowed is None else allowed[t]) for t, q in enumerate(queries)]
    return weights, [weighted_sum(w, values) for w in weights]


def additive(W_q, W_k, w_v):
    return lambda q, k: dot(w_v, [math.tanh(x) for x in plus(times(W_q, q), times(W_k, k))])


def scaled_dot(q, k):
    return dot(q, k) / math.sqrt(len(q))


def kernel_regression(kernel, sharpness, x, xs, ys):
    results = []
    for at in x:
        ks = [kernel(sharpness * abs(at - xi)) for xi in xs]
        results.append(sum(k * y for k, y in zip(ks, ys)) / sum(ks))
    return results


def kernels():
    x, xs, ys = numbers(4), sorted(numbers(7)), numbers(7)
    w = 0.4
    return {'x': x, 'examples': xs, 'values': ys, 'sharpness': w, 'results': {
        'Gaussian': kernel_regression(lambda u: math.exp(-u * u / 2), w, x, xs, ys),
        'Epanechnikov': kernel_regression(lambda u: max(0.0, 1 - u * u), w, x, xs, ys),
        'Boxcar': kernel_regression(lambda u: 1.0 if u <= 1 else 0.0, w, x, xs, ys),
        'Constant': kernel_regression(lambda u: 1.0, w, x, xs, ys)}}


def masked_softmax():
    scores, lengths = numbers(4, 5), [5, 3, 1, 0]
    return {'scores': scores, 'lengths': lengths,
            'by_length': [softmax(row, [i < n for i in range(5)]) for row, n in zip(scores, lengths)],
            'causal': [softmax(row, [i <= t for i in range(5)]) for t, row in enumerate(scores)]}


def additive_score():
    W_q, W_k, w_v = numbers(5, 2), numbers(5, 4), numbers(5)
    q, k, v = numbers(3, 2), numbers(6, 4), numbers(6, 3)
    score = additive(W_q, W_k, w_v)
    weights, y = attention(score, q, k, v)
    return {'W_q': W_q, 'W_k': W_k, 'w_v': [w_v], 'q': q, 'k': k, 'v': v, 'weights': weights, 'y': y,
            'scores': [[score(a, b) for b in k] for a in q]}


def scaled_dot_product():
    q, k, v = numbers(3, 4), numbers(6, 4), numbers(6, 2)
    weights, y = attention(scaled_dot, q, k, v)
    return {'q': q, 'k': k, 'v': v, 'weights': weights, 'y': y, 'scores': [[scaled_dot(a, b) for b in k] for a in q]}


def multi_head():
    """Heads of sizes of their own, p_q unequal to p_k: projections, additive heads one after the other, W_o of all heads."""
    heads, d_q, d_k, d_v, p_q, p_k, p_v, p_o, h = 2, 3, 4, 5, 2, 3, 4, 6, 5
    W = {'q_proj_weight': numbers(heads * p_q, d_q), 'k_proj_weight': numbers(heads * p_k, d_k),
         'v_proj_weight': numbers(heads * p_v, d_v), 'in_proj_bias': numbers(heads * (p_q + p_k + p_v)),
         'out_proj.weight': numbers(p_o, heads * p_v), 'out_proj.bias': numbers(p_o),
         'score.W_q.weight': numbers(h, p_q), 'score.W_k.weight': numbers(h, p_k), 'score.w_v.weight': [numbers(h)]}
    b = W['in_proj_bias']
    b_q, b_k, b_v = b[:heads * p_q], b[heads * p_q:heads * (p_q + p_k)], b[heads * (p_q + p_k):]
    q, k, v = numbers(3, d_q), numbers(4, d_k), numbers(4, d_v)
    score = additive(W['score.W_q.weight'], W['score.W_k.weight'], W['score.w_v.weight'][0])

    def head(matrix, bias, x, size, i):
        return [plus(times(matrix[i * size:(i + 1) * size], row), bias[i * size:(i + 1) * size]) for row in x]

    weights, found = [], []
    for i in range(heads):
        w, y = attention(score, head(W['q_proj_weight'], b_q, q, p_q, i), head(W['k_proj_weight'], b_k, k, p_k, i),
                         head(W['v_proj_weight'], b_v, v, p_v, i))
        weights.append(w)
        found.append(y)
    joined = [sum((found[i][t] for i in range(heads)), []) for t in range(3)]
    return {'weights_of_layer': W, 'q': q, 'k': k, 'v': v, 'weights': weights,
            'y': [plus(times(W['out_proj.weight'], row), W['out_proj.bias']) for row in joined]}


def self_attention():
    """One sequence is queries, keys and values; two heads of a width of 4, causal."""
    heads, d = 2, 4
    p = d // heads
    W = {'attention.in_proj_weight': numbers(3 * d, d), 'attention.in_proj_bias': numbers(3 * d),
         'attention.out_proj.weight': numbers(d, d), 'attention.out_proj.bias': numbers(d)}
    x = numbers(3, d)
    projected = [plus(times(W['attention.in_proj_weight'], row), W['attention.in_proj_bias']) for row in x]
    causal = [[i <= t for i in range(3)] for t in range(3)]
    weights, found = [], []
    for i in range(heads):
        q, k, v = ([row[part * d + i * p:part * d + (i + 1) * p] for row in projected] for part in range(3))
        w, y = attention(scaled_dot, q, k, v, causal)
        weights.append(w)
        found.append(y)
    joined = [found[0][t] + found[1][t] for t in range(3)]
    return {'weights_of_layer': W, 'x': x, 'weights': weights,
            'y': [plus(times(W['attention.out_proj.weight'], row), W['attention.out_proj.bias']) for row in joined]}


def positions():
    """X + P with P[t][2j] = sin(t / 10000^(2j/d)), P[t][2j+1] = cos of it; from position 3 on, embeddings times 2."""
    d, start, scale = 6, 3, 2.0
    x = numbers(4, d)
    p = [[(math.sin if f % 2 == 0 else math.cos)((start + t) / 10000 ** ((f - f % 2) / d)) for f in range(d)] for t in range(4)]
    shift, pair = 5, 1
    angle = shift / 10000 ** (2 * pair / d)
    matrix = [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    return {'x': x, 'start': start, 'scale': scale, 'y': [[scale * a + b for a, b in zip(u, v)] for u, v in zip(x, p)],
            'shift': shift, 'pair': pair, 'matrix': matrix}


def rotary():
    """The pair (x_j, x_(j + K/2)) at position t turns by t / 10000^(2j/K)."""
    size, start = 6, 4
    half = size // 2
    x = numbers(3, size)
    y = []
    for t, row in enumerate(x):
        turned = [0.0] * size
        for j in range(half):
            angle = (start + t) / 10000 ** (2 * j / size)
            a, b = row[j], row[j + half]
            turned[j], turned[j + half] = a * math.cos(angle) - b * math.sin(angle), b * math.cos(angle) + a * math.sin(angle)
        y.append(turned)
    return {'x': x, 'start': start, 'y': y}


def main():
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name('statements.json')
    statements = [kernels, masked_softmax, additive_score, scaled_dot_product, multi_head, self_attention, positions, rotary]
    lines = [f'"{s.__name__}": {json.dumps(s(), separators=(",", ":"))}' for s in statements]
    path.write_text('{\n' + ',\n'.join(lines) + '\n}\n')
    print(f'{path.name}: {len(statements)} statements')


if __name__ == '__main__':
    main()
