"""PyTorch beside `cluster-bench decode` and `cluster-bench serve`: an eager loop that decodes with kept keys and values, greedily or with
a beam, and loads the weights of a model folder. Prints one JSON object: sentences a second, the latency of each batch in milliseconds,
resident memory, and the answers' tokens."""
import argparse
import json
import math
import os
import struct
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--model", required=True, help="a folder of ./cluster train: a pre-norm Transformer with sinusoidal positions")
parser.add_argument("--sources", required=True, help="a JSON file: a list of lists of tokens")
parser.add_argument("--beam", type=int, default=1)
parser.add_argument("--batch", type=int, default=1)
parser.add_argument("--sort", action="store_true", help="batches of like length")
parser.add_argument("--seconds", type=float, default=math.inf, help="stop after the batch in which so many seconds have passed")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--copies", type=int, default=1, help="models in memory; each translates the first batch")
options = parser.parse_args()
# Both thread pools are made when torch is loaded.
for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[pool] = str(options.threads)

import numpy  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

PAD, BOS, EOS = 0, 1, 2


def read_weights(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: torch.from_numpy(numpy.frombuffer(data, numpy.float32, math.prod(entry["shape"]), entry["data_offsets"][0])
                                   .reshape(entry["shape"]).copy()) for name, entry in header.items()}


class DecoderLayer(nn.Module):
    """A pre-norm nn.TransformerDecoderLayer, a token at a time."""

    def __init__(self, d, heads, feed_forward):
        super().__init__()
        self.heads = heads
        self.self_attn = nn.MultiheadAttention(d, heads, batch_first=True)
        self.multihead_attn = nn.MultiheadAttention(d, heads, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(d, feed_forward), nn.Linear(feed_forward, d)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)

    def split(self, x):
        return x.view(x.size(0), -1, self.heads, x.size(-1) // self.heads).transpose(1, 2)

    def read(self, memory):
        d = memory.size(-1)
        keys, values = F.linear(memory, self.multihead_attn.in_proj_weight[d:], self.multihead_attn.in_proj_bias[d:]).chunk(2, -1)
        return self.split(keys), self.split(values)

    def attend(self, query, keys, values, mask, out):
        scores = query @ keys.transpose(-2, -1) / math.sqrt(query.size(-1))
        if mask is not None:
            scores = scores.masked_fill(mask, -math.inf)
        mixed = scores.softmax(-1) @ values
        return out(mixed.transpose(1, 2).reshape(query.size(0), query.size(2), -1))

    def forward(self, x, past, memory, mask):
        d = x.size(-1)
        query, key, value = F.linear(self.norm1(x), self.self_attn.in_proj_weight, self.self_attn.in_proj_bias).chunk(3, -1)
        key, value = self.split(key), self.split(value)
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        x = x + self.attend(self.split(query), key, value, None, self.self_attn.out_proj)
        query = F.linear(self.norm2(x), self.multihead_attn.in_proj_weight[:d], self.multihead_attn.in_proj_bias[:d])
        x = x + self.attend(self.split(query), *memory, mask, self.multihead_attn.out_proj)
        return x + self.linear2(F.relu(self.linear1(self.norm3(x)))), (key, value)


class Decoder(nn.Module):
    def __init__(self, d, heads, feed_forward, layers):
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(d, heads, feed_forward) for _ in range(layers))
        self.norm = nn.LayerNorm(d)


class Translator(nn.Module):
    def __init__(self, spec, vocabulary):
        super().__init__()
        d, heads, layers, feed_forward = spec["dModel"], spec["heads"], spec["layers"], spec["feedForward"]
        self.scale = math.sqrt(d)
        self.embedding = nn.Embedding(vocabulary, d)
        layer = nn.TransformerEncoderLayer(d, heads, feed_forward, norm_first=True, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(d), enable_nested_tensor=False)
        self.decoder = Decoder(d, heads, feed_forward, layers)
        position = torch.arange(2048, dtype=torch.float64).unsqueeze(1)
        rate = torch.exp(torch.arange(0, d, 2, dtype=torch.float64) * (-math.log(10000.0) / d))
        table = torch.zeros(2048, d)
        table[:, 0::2], table[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
        self.register_buffer("table", table, persistent=False)

    def embed(self, tokens, start=0):
        return self.embedding(tokens) * self.scale + self.table[start:start + tokens.size(1)]

    def read(self, source, beam):
        padding = source == PAD
        states = self.encoder(self.embed(source), src_key_padding_mask=padding)
        memory = [layer.read(states) for layer in self.decoder.layers]
        mask = padding[:, None, None, :]
        if beam > 1:
            memory = [tuple(x.repeat_interleave(beam, 0) for x in pair) for pair in memory]
            mask = mask.repeat_interleave(beam, 0)
        return memory, mask

    def step(self, tokens, past, memory, mask, position):
        x, kept = self.embed(tokens.unsqueeze(1), position), []
        for layer, before, pair in zip(self.decoder.layers, past, memory):
            x, own = layer(x, before, pair, mask)
            kept.append(own)
        logits = F.linear(self.decoder.norm(x[:, 0]), self.embedding.weight)
        logits[:, :EOS] = -math.inf
        return logits, kept


def limit(length):
    return max(1, min(256, int(1.5 * length + 10)))


def pad(sources):
    width = max(map(len, sources))
    return torch.tensor([source + [PAD] * (width - len(source)) for source in sources])


def greedy(model, sources):
    memory, mask = model.read(pad(sources), 1)
    past = [None] * len(memory)
    tokens = torch.full((len(sources),), BOS)
    limits = torch.tensor([limit(len(source)) for source in sources])
    going, written = torch.ones(len(sources), dtype=torch.bool), []
    while going.any():
        logits, past = model.step(tokens, past, memory, mask, len(written))
        tokens = torch.where(going, logits.argmax(-1), torch.tensor(PAD))
        written.append(tokens)
        going = going & (tokens != EOS) & (len(written) < limits)
    return [[token for token in row if token > EOS] for row in torch.stack(written, 1).tolist()]


def beam_search(model, sources, beam):
    memory, mask = model.read(pad(sources), beam)
    past = [None] * len(memory)
    count = len(sources)
    total = torch.full((count, beam), -math.inf)
    total[:, 0] = 0
    tokens = torch.full((count * beam,), BOS)
    written = [[[] for _ in range(beam)] for _ in sources]
    finished, done, step = [[] for _ in sources], [False] * count, 0
    while not all(done):
        logits, past = model.step(tokens, past, memory, mask, step)
        scores = (logits.log_softmax(-1).view(count, beam, -1) + total.unsqueeze(-1)).view(count, -1)
        best, place = scores.topk(2 * beam, -1)
        vocabulary, step = logits.size(-1), step + 1
        parents, following, sums = [], [], []
        for i, (values, places) in enumerate(zip(best.tolist(), place.tolist())):
            rows = []
            if not done[i]:
                for rank, (value, number) in enumerate(zip(values, places)):
                    if len(rows) == beam or value == -math.inf:
                        break
                    parent, token = divmod(number, vocabulary)
                    if token != EOS:
                        rows.append((parent, token, value, written[i][parent] + [token]))
                    elif rank < beam:
                        finished[i].append((value / step, written[i][parent]))
                over = step >= limit(len(sources[i]))
                if over and len(finished[i]) < beam:
                    finished[i] += [(value / step, answer) for _, _, value, answer in rows]
                done[i] = over or len(finished[i]) >= beam
                written[i] = [row[3] for row in rows]
            rows = (rows + [(0, EOS, -math.inf, [])] * beam)[:beam]
            parents += [i * beam + row[0] for row in rows]
            following += [row[1] for row in rows]
            sums.append([row[2] for row in rows])
        tokens, total, rows = torch.tensor(following), torch.tensor(sums), torch.tensor(parents)
        past = [(keys.index_select(0, rows), values.index_select(0, rows)) for keys, values in past]
    return [max(answers, key=lambda answer: answer[0])[1] for answers in finished]


def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS:"))


@torch.inference_mode()
def main():
    torch.set_num_threads(options.threads)
    with open(os.path.join(options.model, "manifest.json")) as file:
        spec = json.load(file)["specification"]["model"]
    if (spec["kind"], spec.get("norm", "pre"), spec.get("positions", "sinusoidal"), spec.get("sharedEmbeddings", True)) != (
            "transformer", "pre", "sinusoidal", True):
        raise SystemExit("this peer decodes pre-norm Transformers with sinusoidal positions and shared embeddings")
    models = []
    for _ in range(options.copies):
        weights = read_weights(os.path.join(options.model, "model.safetensors"))
        model = Translator(spec, weights["embedding.weight"].size(0)).eval()
        model.load_state_dict(weights)
        models.append(model)
    with open(options.sources) as file:
        sources = json.load(file)
    order = sorted(range(len(sources)), key=lambda i: -len(sources[i])) if options.sort else range(len(sources))
    batches = [order[i:i + options.batch] for i in range(0, len(sources), options.batch)]

    def search(model, numbers):
        chosen = [sources[i] for i in numbers]
        return greedy(model, chosen) if options.beam == 1 else beam_search(model, chosen, options.beam)

    for model in models:
        search(model, batches[len(batches) // 2])
    answers, latencies, begin, worked = {}, [], time.perf_counter(), time.process_time()
    for numbers in batches:
        start = time.perf_counter()
        answers.update(zip(numbers, search(models[0], numbers)))
        latencies.append((time.perf_counter() - start) * 1e3)
        if time.perf_counter() - begin > options.seconds:
            break
    rate = len(answers) / (time.perf_counter() - begin)
    cpu = (time.process_time() - worked) * 1e3 / len(answers)
    print(json.dumps(dict(version=torch.__version__, rate=rate, cpuMs=cpu, latencies=latencies, residentMb=resident(),
                          answers=[answers[i] for i in sorted(answers)])))


if __name__ == "__main__":
    main()
